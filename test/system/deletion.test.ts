import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { backUp } from '../../src/system/transfer/copy.ts';
import { startPostgres } from '../support/postgres.ts';
import { internalsOf, PASSWORD, startServer } from '../support/server.ts';

const postgres = await startPostgres();

/** What must be nowhere after the deletion. */
const PERSONAL = {
  username: 'zebulon-quartz',
  email: 'zeb.quartz@recognisable.example',
  name: 'Zebulon Quartzmann',
  profile: 'Favourite-Colour-Ultraviolet',
  address: '203.0.113.77',
  userAgent: 'RecognisableBrowser/7.7',
};

/** Every value of every table, whatever tables there are. */
type ReadAll = () => Promise<string[]> | string[];

function readSqlite(path: string): string[] {
  const db = new DatabaseSync(path);
  try {
    const tables = db.prepare(`select name from sqlite_schema where type = 'table'`).all();
    return tables.flatMap(({ name }) => {
      const rows = db.prepare(`select * from "${name}"`).all();
      return rows.map((row) => `${name}: ${JSON.stringify(row)}`);
    });
  } finally {
    db.close();
  }
}

async function readPostgres(url: string): Promise<string[]> {
  const client = await postgres.connect(url);
  try {
    const { rows: tables } = await client.query(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query(`select * from "${name}"`);
      found.push(...rows.map((row) => `${name}: ${JSON.stringify(row)}`));
    }
    return found;
  } finally {
    await client.end();
  }
}

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  test(`${kind}: a deleted user leaves no personal datum, in the database or in a later backup`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-deletion-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'latchkey.db');
    const databaseUrl = kind === 'SQLite' ? `sqlite:${file}` : await postgres.createDatabase();
    const readAll: ReadAll = () =>
      kind === 'SQLite' ? readSqlite(file) : readPostgres(databaseUrl);
    const server = await startServer({
      databaseUrl,
      trustProxy: ['127.0.0.1'],
      fields: { colour: { type: 'string' } },
    });
    const { auth } = internalsOf(server.app);
    const { users } = server.app.latchkey;
    // Another user, whose data stays.
    await server.send('/auth/register', { json: { username: 'another', password: PASSWORD } });

    const headers = { 'x-forwarded-for': PERSONAL.address, 'user-agent': PERSONAL.userAgent };
    const post = (path: string, json: object, token?: string) =>
      server.send(path, {
        method: 'POST',
        json,
        headers,
        ...(token === undefined ? {} : { token }),
      });
    const { username, email, name } = PERSONAL;
    const registered = await post('/auth/register', {
      username,
      email,
      name,
      colour: PERSONAL.profile,
      password: PASSWORD,
    });
    assert.equal(registered.status, 201, registered.text);
    const id = String(registered.body['user'].id);
    const login = (password = PASSWORD, more = {}) =>
      post('/auth/login', { username, password, ...more });
    for (const how of [
      login('a wrong password'),
      login(),
      post('/auth/login', { email, password: 'wrong too' }),
    ]) {
      await how;
    }
    const first = await login();
    const token = String(first.body['access_token']);
    await post('/auth/refresh', { refresh_token: first.body['refresh_token'] });
    await post('/auth/reauthenticate', { password: PASSWORD }, token);
    await post('/auth/login?transport=cookie', { username, password: PASSWORD });
    const second = String((await login()).body['access_token']);
    const changed = { current_password: PASSWORD, new_password: `${PASSWORD} two` };
    await post('/auth/password', changed, second);
    await post('/auth/password', { ...changed, current_password: 'wrong' }, second);
    await users.requirePasswordChange(id);
    const challenged = await login(`${PASSWORD} two`);
    assert.equal(challenged.body['code'], 'password_change_required');
    await auth.audit.list({ subjectId: id });
    // Some of the events are sealed before the deletion, some after it.
    while ((await auth.auditChain.verify()).unsealed.count > 0);
    await login('a wrong password');

    const before = (await readAll()).join('\n');
    for (const [what, datum] of Object.entries(PERSONAL)) {
      assert.ok(before.includes(datum), `${what} is there before the deletion`);
    }
    await users.delete(id);
    const check = async (when: string) => {
      for (const row of await readAll()) {
        for (const [what, datum] of Object.entries(PERSONAL)) {
          assert.ok(!row.toLowerCase().includes(datum.toLowerCase()), `${when}, ${what} in ${row}`);
        }
      }
    };
    await check('after the deletion');
    while ((await auth.auditChain.verify()).unsealed.count > 0);
    await check('after sealing');
    const { events } = await auth.audit.list({ subjectKind: 'user', subjectId: id });
    assert.ok(events.length >= 10, 'what happened is still there, by the id');
    const report = await auth.auditChain.verify();
    assert.deepEqual([report.isIntact, report.erased > 0], [true, true]);

    const backup = join(folder, 'later.backup');
    const { database } = internalsOf(server.app).settings;
    await backUp(database, backup, systemClock, () => {});
    await server.close();
    // On SQLite, closing has moved the write-ahead log into the file.
    for (const found of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, found), 'latin1').toLowerCase();
      for (const [what, datum] of Object.entries(PERSONAL)) {
        assert.ok(!bytes.includes(datum.toLowerCase()), `${what} in ${found}`);
      }
    }
  });
}
