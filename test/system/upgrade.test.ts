import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { findClientKey } from '../../src/auth/clients/client-key.ts';
import type { DatabaseLocation } from '../../src/config/database.ts';
import {
  AccountDisabled,
  CredentialsRefused,
  RefreshRefused,
  StoreUnavailable,
} from '../../src/kernel/errors.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import type { Value } from '../../src/store/sql/steps.ts';
import { openBackup } from '../../src/store/transfer/read-backup.ts';
import { Transfer } from '../../src/store/transfer/transfer.ts';
import { type Latchkey, openLatchkey, openStore } from '../../src/system/latchkey.ts';
import { restore } from '../../src/system/transfer/copy.ts';
import { expectTokens, TestClock } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';

interface Contents {
  readonly endedAt: number;
  readonly secret: string;
  readonly issuer: string;
  readonly users: readonly {
    readonly id: string;
    readonly username?: string;
    readonly email?: string;
    readonly name?: string;
    readonly password: string;
    readonly roles?: readonly string[];
    readonly team?: string;
  }[];
  readonly sessions: Readonly<
    Record<
      'fresh' | 'ofRoles' | 'scoped' | 'rotated',
      { readonly id: string; readonly userId: string; readonly refreshToken: string }
    >
  > & { readonly rotated: { readonly parent: string; readonly oldest: string } };
  readonly endedSessions: Readonly<Record<'loggedOut' | 'ofDisabledUser', string>>;
  readonly accessToken: string;
  readonly guards: readonly { readonly id: string; readonly name: string; readonly key: string }[];
  readonly deletedGuard: { readonly key: string };
}

const fixture = join(import.meta.dirname, '../fixtures/version-0.1');
const contents: Contents = JSON.parse(readFileSync(join(fixture, 'contents.json'), 'utf8'));
/** Of "secret". */
const BCRYPT = '$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW';
const postgres = await startPostgres();

function createFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'latchkey.db');
}

const createLocation = {
  SQLite: async (t: TestContext): Promise<DatabaseLocation> => {
    return { kind: 'sqlite', path: createFile(t) };
  },
  PostgreSQL: async (): Promise<DatabaseLocation> => {
    return { kind: 'postgres', url: await postgres.createDatabase() };
  },
};

/** Each after those it refers to. */
const tablesOfVersion01 = [
  'users',
  'sessions',
  'revocations',
  'signing_keys',
  'envelopes',
  'audit_events',
  'facts',
  'guards',
];

/** The rows of version 0.1 in tables of a schema, as that version or a later one made it. */
async function fillPostgres(schema: number): Promise<DatabaseLocation> {
  const database = await createLocation.PostgreSQL();
  await (await openStore({ database })).close();
  const transfer = await Transfer.open(database);
  const source = new DatabaseSync(join(fixture, 'latchkey.db'), { readOnly: true });
  await transfer.write(async () => {
    await transfer.rebuild(3);
    for (const table of tablesOfVersion01) {
      const rows = source.prepare(`select * from ${table}`).all();
      const [first] = rows;
      assert.ok(first, table);
      const columns = Object.keys(first);
      const toValues = (row: (typeof rows)[number]) => columns.map((it) => row[it] as Value);
      await transfer.insert({ table, columns, rows: rows.map(toValues) });
    }
    await transfer.continueLog(0);
    await transfer.upgrade(3, schema);
  });
  source.close();
  await transfer.close();
  if (schema === 3 && database.kind === 'postgres') {
    const outsider = await postgres.connect(database.url);
    await outsider.query('alter table latchkey_migrations rename to schema_migrations');
    await outsider.end();
  }
  return database;
}

async function open(t: TestContext, database: DatabaseLocation): Promise<Latchkey> {
  const latchkey = await openLatchkey({
    databaseUrl: database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url,
    secret: contents.secret,
    issuer: contents.issuer,
    fields: { team: { type: 'string', maxLength: 20 } },
    clock: new TestClock(contents.endedAt),
    env: {},
    envFile: false,
  });
  t.after(() => latchkey.close());
  return latchkey;
}

/** What a node of version 0.1 that still runs asks of its table of guards. */
const earlierLookup = (id: string) =>
  `select id, name, key_hash as "keyHash", created_at as "createdAt" from guards where id = '${id}'`;

/** Sessions that were live are refreshed, and no others. */
async function assertSessionsGoOn(latchkey: Latchkey): Promise<void> {
  const { auth, clock } = latchkey;
  const { sessions, endedSessions } = contents;
  assert.equal(latchkey.verify(contents.accessToken).sid, sessions.rotated.id);
  for (const { id, userId, refreshToken } of [sessions.fresh, sessions.ofRoles, sessions.scoped]) {
    const { session, accessToken } = await auth.refresh(refreshToken);
    assert.deepEqual([session.id, session.userId, session.generation], [id, userId, 1]);
    assert.equal(latchkey.verify(accessToken).sub, userId);
  }
  assert.equal(
    (await auth.refresh(sessions.rotated.parent)).refreshToken,
    sessions.rotated.refreshToken,
  );
  (clock as TestClock).step(60);
  const next = await auth.refresh(sessions.rotated.refreshToken);
  assert.equal(next.session.generation, 3);
  assert.ok(next.session.authTime < contents.endedAt, 'a refresh authenticates nobody');
  for (const token of Object.values(endedSessions)) {
    await assert.rejects(auth.refresh(token), RefreshRefused);
  }
  await assert.rejects(auth.refresh(sessions.rotated.oldest), RefreshRefused);
  await assert.rejects(auth.refresh(next.refreshToken), RefreshRefused, 'ended by the reuse');
}

async function assertUsersSignIn({ auth, users }: Latchkey): Promise<void> {
  const wrong = { username: 'ann', password: 'wrong one' };
  await assert.rejects(auth.login(wrong), CredentialsRefused);
  for (const { id, username, email, password, name, roles = [], team } of contents.users) {
    const reference = username === undefined ? { email } : { username };
    if (username === 'dan') {
      await assert.rejects(auth.loginRaw({ ...reference, password }), AccountDisabled);
      continue;
    }
    const { user } = expectTokens(await auth.loginRaw({ ...reference, password }));
    assert.deepEqual(
      [user.id, user.email, user.name, user.roles, user.profile],
      [id, email ?? null, name ?? null, roles, team === undefined ? {} : { team }],
    );
    assert.equal((await users.find({ id }))?.disabledAt, null);
    for (const role of roles) {
      const { users: found } = await users.search({ role });
      assert.ok(found.some((it) => it.id === id));
    }
  }
  assert.equal(await users.isRoleHeld('no such role'), false);
}

async function assertGuardsGoOn({ auth }: Latchkey): Promise<void> {
  for (const { id, name, key } of contents.guards) {
    const { client } = await auth.clients.authenticate(findClientKey(key));
    assert.deepEqual([client.id, client.name, client.kind], [id, name, 'guard']);
  }
  const deleted = findClientKey(contents.deletedGuard.key);
  await assert.rejects(auth.clients.authenticate(deleted), CredentialsRefused);
}

test('SQLite: a database of version 0.1 opens, and everybody goes on', async (t) => {
  const database = { kind: 'sqlite', path: createFile(t) } as const;
  copyFileSync(join(fixture, 'latchkey.db'), database.path);
  const earlier = new DatabaseSync(database.path);
  t.after(() => earlier.close());
  const [guard] = contents.guards;
  assert.ok(guard);
  const lookUp = () => ({ ...earlier.prepare(earlierLookup(guard.id)).get() });
  const before = lookUp();
  const latchkey = await open(t, database);
  assert.equal(before['name'], guard.name);
  assert.deepEqual(lookUp(), before);
  await latchkey.auth.clients.rotateSecret(guard.id);
  assert.notEqual(lookUp()['keyHash'], before['keyHash']);
  await assertGuardsGoOn(latchkey);
  await assertSessionsGoOn(latchkey);
  await assertUsersSignIn(latchkey);
});

for (const schema of [3, 4]) {
  test(`PostgreSQL: a database of schema ${schema} opens on two nodes, and everybody goes on`, async (t) => {
    const database = await fillPostgres(schema);
    const [latchkey, other] = await Promise.all([open(t, database), open(t, database)]);
    await assertGuardsGoOn(other);
    const outsider = await postgres.connect(database.kind === 'postgres' ? database.url : '');
    t.after(() => outsider.end());
    for (const { id, name } of contents.guards) {
      const { rows } = await outsider.query(earlierLookup(id));
      assert.deepEqual([rows.length, rows[0]?.name], [1, name]);
    }
    await assertSessionsGoOn(latchkey);
    if (schema === 3) await assertUsersSignIn(latchkey);
  });
}

test('PostgreSQL: a table of another program that is called clients stops the upgrade, and nothing changes', async (t) => {
  const database = await fillPostgres(4);
  assert.equal(database.kind, 'postgres');
  const outsider = await postgres.connect(database.kind === 'postgres' ? database.url : '');
  t.after(() => outsider.end());
  await outsider.query('create table clients (name text)');
  await assert.rejects(open(t, database), (error) => {
    assert.ok(error instanceof StoreUnavailable);
    assert.match(error.message, /a table named clients\. Give Latchkey .* a schema of its own/);
    return true;
  });
  const { rows } = await outsider.query('select max(version) as version from latchkey_migrations');
  assert.equal(Number(rows[0]?.version), 4);
  await outsider.query('drop table clients');
  await assertGuardsGoOn(await open(t, database));
});

for (const [kind, create] of Object.entries(createLocation)) {
  test(`${kind}: a backup of version 0.1 is restored, over what is there if that is asked for`, async (t) => {
    const database = await create(t);
    const before = await open(t, database);
    await before.users.create({ username: 'eve', passwordHash: BCRYPT });
    await before.close();
    const backup = await openBackup(join(fixture, 'latchkey.backup'));
    assert.equal(backup.schema, 3);
    const clock = new TestClock(contents.endedAt);
    const fill = (replace: boolean, keepSessions: boolean) =>
      restore(
        database,
        backup,
        { replace, keepSessions },
        { clock, random: systemRandom },
        () => {},
      );
    await assert.rejects(fill(false, true), /is not empty/);
    const { counts, sealedData } = await fill(true, true);
    assert.equal(sealedData, 'restored');
    assert.deepEqual([counts.users, counts.sessions], [6, 4]);
    const kept = await open(t, database);
    await assertGuardsGoOn(kept);
    await assertSessionsGoOn(kept);
    await kept.close();

    // It has nothing sealed for data, so no secret is needed.
    const again = await fill(true, false);
    assert.deepEqual([again.counts.sessions, again.sealedData], [0, 'none']);
    const ended = await open(t, database);
    await assertGuardsGoOn(ended);
    await assert.rejects(ended.auth.refresh(contents.sessions.fresh.refreshToken), RefreshRefused);
    assert.throws(() => ended.verify(contents.accessToken));
    assert.equal((await ended.users.find({ username: 'ann' }))?.id, contents.users[0]?.id);
  });
}
