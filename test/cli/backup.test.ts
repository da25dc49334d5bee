import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import { SealedKeyRepository } from '../../src/auth/keys/sealed-key-repository.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import type { DatabaseLocation } from '../../src/config/database.ts';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import type { Batch } from '../../src/store/transfer/batch.ts';
import { openBackup } from '../../src/store/transfer/read-backup.ts';
import { writeBackup } from '../../src/store/transfer/write-backup.ts';
import { openStore } from '../../src/system/latchkey.ts';
import { backUp, copyDatabase, restore } from '../../src/system/transfer/copy.ts';
import { aClient, aClientSecret, anEvent, aSecret, aSession, aUser } from '../store/records.ts';
import { TestClock } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { openFeed } from '../support/feed.ts';
import { startPostgres } from '../support/postgres.ts';
import {
  internalsOf,
  SECRET,
  startServer as startApp,
  type TestServer,
} from '../support/server.ts';
import {
  call,
  createFolder,
  type Ended,
  execCli,
  type RunningServer,
  runCliIn,
  startServer,
} from './cli.ts';

const jane = { username: 'jane', password: 'correct horse' };
/** Signatures, and so tokens, are the same whatever the port. */
const serve = ['--issuer', 'https://auth.example', '--refresh-grace', '0'];
const ports = { clock: systemClock, random: systemRandom };
const secret = randomBytes(32).toString('base64url');

interface SignedIn {
  readonly access: unknown;
  readonly refresh: unknown;
}

async function register(server: RunningServer, username: string): Promise<SignedIn> {
  const answer = await call(`${server.url}/auth/register`, { body: { ...jane, username } });
  assert.equal(answer.status, 201);
  return { access: answer.body['access_token'], refresh: answer.body['refresh_token'] };
}

async function refresh(server: RunningServer, refresh_token: unknown) {
  const answer = await call(`${server.url}/auth/refresh`, { body: { refresh_token } });
  return { status: answer.status, refresh: answer.body['refresh_token'] };
}

const me = async (server: RunningServer, token: unknown) =>
  (await call(`${server.url}/auth/me`, { token })).status;

/** Looks up no user. */
const verify = async (server: RunningServer, token: unknown) =>
  (await call(`${server.url}/auth/verify`, { token })).status;

async function listKids(server: RunningServer): Promise<string[]> {
  const { keys } = (await call(`${server.url}/.well-known/jwks.json`)).body;
  return Array.isArray(keys) ? keys.map(({ kid }) => String(kid)) : [];
}

const login = async (server: RunningServer, username: string) =>
  (await call(`${server.url}/auth/login`, { body: { ...jane, username } })).status;

async function logout(server: RunningServer, token: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${String(token)}` };
  const answer = await fetch(`${server.url}/auth/logout`, { method: 'POST', headers });
  assert.equal(answer.status, 204);
}

/** Where a server keeps its data: as variables for it and for the commands. */
type Place = Readonly<Record<string, string>>;

const kinds: Readonly<Record<string, (folder: string) => Promise<Place>>> = {
  SQLite: async (folder) => ({
    LATCHKEY_DATABASE_URL: `sqlite:${join(folder, `${randomBytes(4).toString('hex')}.db`)}`,
    LATCHKEY_SECRET: secret,
  }),
  PostgreSQL: async () => ({
    LATCHKEY_DATABASE_URL: await postgres.createDatabase(),
    LATCHKEY_SECRET: secret,
  }),
};

const postgres = await startPostgres();

/** The id of the newest root key for data. */
async function readDataRoot(place: Place): Promise<string | undefined> {
  const { LATCHKEY_DATABASE_URL: url = '', LATCHKEY_SECRET: secret = '' } = place;
  const database: DatabaseLocation = url.startsWith('sqlite:')
    ? { kind: 'sqlite', path: url.slice('sqlite:'.length) }
    : { kind: 'postgres', url };
  const store = await openStore({ database });
  try {
    const vault = await SealedKeyRepository.open({ store, secret, ...ports });
    return vault.roots.data[0]?.id;
  } finally {
    await store.close();
  }
}

function assertDone({ code, stderr }: Ended): void {
  assert.equal(code, 0, stderr);
}

for (const [kind, createPlace] of Object.entries(kinds)) {
  test(`${kind}: a backup of a running server restores everything, and ends all sessions`, async (t) => {
    const folder = await createFolder(t);
    const place = await createPlace(folder);
    const first = await startServer(t, folder, serve, place);
    const users = await Promise.all(['ann', 'bob', 'eve'].map((it) => register(first, it)));
    const [ann, bob, eve] = users;
    assert.ok(ann && bob && eve);
    await logout(first, eve.access);
    const backup = await execCli(folder, ['backup', 'a.backup', '--json'], { env: place });
    assertDone(backup);
    const { counts } = JSON.parse(backup.stdout);
    assert.deepEqual([counts.users, counts.sessions, counts.revocations], [3, 2, 1]);
    assert.equal((await stat(join(folder, 'a.backup'))).mode & 0o777, 0o600);
    // What comes after it is lost, and what was consumed after it must not live again.
    const consumed = bob.refresh;
    assert.equal((await refresh(first, consumed)).status, 200);
    const late = await register(first, 'late');
    await first.stop();

    const refused = await execCli(folder, ['restore', 'a.backup'], { env: place });
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^error: The database is not empty: it has rows in users, sessions/,
    );
    assertDone(await execCli(folder, ['restore', 'a.backup', '--force'], { env: place }));

    const second = await startServer(t, folder, serve, place);
    for (const { access, refresh: token } of users) {
      assert.equal(await me(second, access), 401);
      assert.equal((await refresh(second, token)).status, 401);
    }
    assert.equal((await refresh(second, late.refresh)).status, 401);
    assert.equal(await me(second, late.access), 401);
    const statuses = ['ann', 'bob', 'eve', 'late'].map((it) => login(second, it));
    assert.deepEqual(await Promise.all(statuses), [200, 200, 200, 401]);
    const again = await register(second, 'late');
    assert.equal(await me(second, again.access), 200, 'new tokens are good');
    await logout(second, again.access);
    assert.equal(await me(second, again.access), 401);
    assert.equal(await second.stop(), 0);
  });

  test(`${kind}: a restore keeps sessions if asked to, and revocations always`, async (t) => {
    const folder = await createFolder(t);
    const place = await createPlace(folder);
    const first = await startServer(t, folder, serve, place);
    const [ann, eve] = [await register(first, 'ann'), await register(first, 'eve')];
    await logout(first, eve.access);
    assertDone(await runCliIn(folder, ['backup', 'a.backup'], { env: place }));
    await first.stop();
    const other = await createPlace(folder);
    const args = ['restore', 'a.backup', '--keep-sessions'];
    assertDone(await runCliIn(folder, args, { env: other }));
    const second = await startServer(t, folder, serve, other);
    assert.deepEqual([await me(second, ann.access), await me(second, eve.access)], [200, 401]);
    assert.equal((await refresh(second, ann.refresh)).status, 200);
    assert.equal((await refresh(second, eve.refresh)).status, 401);
    assert.equal(await second.stop(), 0);
  });
}

for (const [kind, createPlace] of Object.entries(kinds)) {
  test(`${kind}: a key that was revoked after the backup does not come back`, async (t) => {
    const folder = await createFolder(t);
    const place = await createPlace(folder);
    const first = await startServer(t, folder, serve, place);
    await register(first, 'ann');
    assertDone(await runCliIn(folder, ['backup', 'a.backup'], { env: place }));
    const [leaked = ''] = await listKids(first);
    // Signed by that key, for a user whom the backup does not know.
    const late = await register(first, 'late');
    assert.equal(await verify(first, late.access), 200);
    assertDone(await runCliIn(folder, ['keys', 'revoke', '--', leaked], { env: place }));
    await first.stop();

    const done = await runCliIn(folder, ['restore', 'a.backup', '--force'], { env: place });
    assertDone(done);
    assert.match(done.stderr, /creates new signing keys when it starts/);
    const second = await startServer(t, folder, serve, place);
    const kids = await listKids(second);
    assert.equal(kids.length, 1);
    assert.ok(!kids.includes(leaked));
    assert.equal(await verify(second, late.access), 401);
    const { access } = await register(second, 'late');
    assert.equal(await verify(second, access), 200);
    // Guards may know the key still, and hear that it is revoked.
    const { stdout } = await runCliIn(folder, ['backup', 'b.backup', '--json'], { env: place });
    const rows = (await readFile(join(folder, 'b.backup'), 'utf8')).split('\n');
    assert.ok(rows.some((it) => it.includes('"table":"revocations"') && it.includes(leaked)));
    assert.equal(JSON.parse(stdout).counts.signing_keys, 1);
    assert.equal(await second.stop(), 0);
  });

  test(`${kind}: a backup made before a rotation of the secret works with the current secret`, async (t) => {
    const folder = await createFolder(t);
    const old = await createPlace(folder);
    const first = await startServer(t, folder, serve, old);
    const ann = await register(first, 'ann');
    assertDone(await runCliIn(folder, ['backup', 'a.backup'], { env: old }));
    const input = randomBytes(32).toString('base64url');
    const place = { ...old, LATCHKEY_SECRET: input };
    assertDone(await runCliIn(folder, ['secret', 'rotate'], { env: old, input }));
    assertDone(await runCliIn(folder, ['secret', 'rotate', '--finish'], { env: place }));
    await first.stop();

    const restore = ['restore', 'a.backup', '--force'];
    const root = await readDataRoot(place);
    const unread = await runCliIn(folder, restore, { env: place });
    assert.equal(unread.code, 1);
    assert.match(
      unread.stderr,
      /does not open the sealed data.*--secret-file <path>.*--drop-sealed/,
    );
    assert.equal(await readDataRoot(place), root, 'nothing was changed');
    assert.ok(!unread.stderr.includes(secret) && !unread.stderr.includes(input));

    const dropped = await runCliIn(folder, [...restore, '--drop-sealed', '--json'], { env: place });
    assertDone(dropped);
    const { sealed_data, affected_users } = JSON.parse(dropped.stdout);
    assert.deepEqual([sealed_data, affected_users], ['dropped', []]);
    assert.notEqual(await readDataRoot(place), root);

    await writeFile(join(folder, 'old-secret'), `${secret}\n`);
    const withOld = [...restore, '--secret-file', 'old-secret'];
    // What can be read is kept in any case.
    assertDone(await runCliIn(folder, [...withOld, '--drop-sealed'], { env: place }));
    assert.equal(await readDataRoot(place), root);
    const second = await startServer(t, folder, serve, place);
    assert.equal(await login(second, 'ann'), 200);
    await second.stop();
    assert.equal(await readDataRoot(place), root, 'a start changes nothing');
    // The old secret opens nothing any more.
    const refused = await execCli(folder, ['serve', '--port', '0'], { env: old });
    assert.equal(refused.code, 2);

    for (const given of [['--drop-sealed'], ['--secret-file', 'old-secret']]) {
      const both = await runCliIn(folder, [...restore, '--keep-sessions', ...given], {
        env: place,
      });
      assert.equal(both.code, 2);
      assert.match(both.stderr, /--keep-sessions keeps everything under the secret of the backup/);
    }
    assertDone(await runCliIn(folder, [...restore, '--keep-sessions'], { env: place }));
    const other = await execCli(folder, ['serve', '--port', '0'], { env: place });
    assert.equal(other.code, 2);
    assert.match(other.stderr, /LATCHKEY_SECRET: .*the one that a restored backup was made under/s);
    const third = await startServer(t, folder, serve, old);
    assert.equal((await refresh(third, ann.refresh)).status, 200);
    assert.equal(await third.stop(), 0);
    assert.equal(await readDataRoot(old), root);
  });
}

test('A restore into another data directory needs the secret, and creates a new one there', async (t) => {
  const folder = await createFolder(t);
  const first = await startServer(t, folder, serve);
  await register(first, 'ann');
  assertDone(await runCliIn(folder, ['backup', 'a.backup']));
  await first.stop();
  const restore = ['restore', 'a.backup', '--data-dir', 'new'];
  const refused = await runCliIn(folder, restore);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /there is no secret here to read it with\. .*--secret-file <path>/);
  assert.equal(existsSync(join(folder, 'new', 'latchkey.db')), false, 'nothing is made of it');
  for (const [path, problem] of [
    ['nowhere', /--secret-file names nowhere, which cannot be read \(ENOENT\)/],
    ['.', /--secret-file names \., which is not a regular file/],
  ] as const) {
    const wrong = await runCliIn(folder, [...restore, '--secret-file', path]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, problem);
  }
  assertDone(await runCliIn(folder, [...restore, '--secret-file', 'data/secret']));
  const [old, made] = await Promise.all(
    ['data', 'new'].map((it) => readFile(join(folder, it, 'secret'), 'utf8')),
  );
  assert.notEqual(made, old);
  const second = await startServer(t, folder, [...serve, '--data-dir', 'new']);
  assert.equal(await login(second, 'ann'), 200);
  assert.equal(await second.stop(), 0);
});

test('A migration from SQLite to PostgreSQL and back moves everything, and users stay signed in', async (t) => {
  const folder = await createFolder(t);
  const [from, between, to] = [
    await kinds['SQLite']?.(folder),
    await kinds['PostgreSQL']?.(folder),
    await kinds['SQLite']?.(folder),
  ];
  assert.ok(from && between && to);
  const urls = [from, between, to].map((it) => it['LATCHKEY_DATABASE_URL'] ?? '');
  const [first, second, third] = urls;
  assert.ok(first && second && third);

  let running = await startServer(t, folder, serve, from);
  const [ann, eve] = [await register(running, 'ann'), await register(running, 'eve')];
  await logout(running, eve.access);
  await running.stop();
  const source = first.slice('sqlite:'.length);
  const before = await readFile(source);

  const move = (args: readonly string[], env: Place = {}) =>
    runCliIn(folder, ['migrate-database', '--json', ...args], { env });
  const there = await move(['--from', first], between);
  assertDone(there);
  assert.match(there.stderr, /100 % \((\d+) of \1 rows\)\n$/);
  assert.deepEqual(await readFile(source), before, 'the source is unchanged');
  const again = await move(['--from', first], between);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /^error: The database is not empty/);

  running = await startServer(t, folder, serve, between);
  assert.deepEqual([await me(running, ann.access), await me(running, eve.access)], [200, 401]);
  const { status, refresh: next } = await refresh(running, ann.refresh);
  assert.equal(status, 200);
  const bob = await register(running, 'bob');
  await logout(running, bob.access);
  await running.stop();

  const back = await move(['--to', third], between);
  assertDone(back);
  running = await startServer(t, folder, serve, to);
  const statuses = [ann, eve, bob].map(({ access }) => me(running, access));
  assert.deepEqual(await Promise.all(statuses), [200, 401, 401]);
  assert.equal((await refresh(running, next)).status, 200);
  const last = await register(running, 'joe');
  await logout(running, last.access);
  assert.equal(await me(running, last.access), 401, 'the log goes on after what was copied');
  assert.equal(await running.stop(), 0);
});

test('A backup of many rows is consistent while the server writes', async (t) => {
  const folder = await createFolder(t);
  const env = (await kinds['SQLite']?.(folder)) ?? {};
  const server = await startServer(t, folder, serve, env);
  const { refresh: token } = await register(server, 'ann');
  let isOver = false;
  const load = (async () => {
    for (let next = token; !isOver; ) {
      const answer = await refresh(server, next);
      assert.equal(answer.status, 200);
      next = answer.refresh;
    }
  })();
  for (const name of ['a', 'b', 'c']) {
    assertDone(await runCliIn(folder, ['backup', `${name}.backup`], { env }));
  }
  isOver = true;
  await load;
  assert.equal(await server.stop(), 0);
  for (const name of ['a', 'b', 'c']) {
    const target = { ...env, LATCHKEY_DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}` };
    assertDone(await runCliIn(folder, ['restore', `${name}.backup`], { env: target }));
  }
});

/** What some readers of lines, of JSON or of text take for something else than a part of a text. */
const hostile: Readonly<Record<string, string>> = {
  'line separator': 'a\u2028b',
  'paragraph separator': 'a\u2029b',
  'next line': 'a\u0085b',
  'carriage return': 'a\rb\r',
  'line breaks': '\r\n\n\r',
  'vertical tab and form feed': 'a\vb\fc',
  'byte order mark': '\ufeffa\ufeff',
  'end of a file': 'a\u001ab\u001c\u001d\u001e',
  'replacement character': '\ufffd',
  'lone surrogates': 'a\ud800b\udfff',
  'beyond the BMP': '𝕏👩‍👩‍👧',
  'quotes and escapes': `"\\'\\u2028\\n{}[],`,
  'a header': '{"latchkey_backup":1,"schema":3,"created_at":"x"}',
  'a footer': '\n{"counts":{},"sha256":""}\n',
  '64 characters': 'é'.repeat(64),
  'a prototype': '__proto__',
};

const locations = {
  SQLite: async (folder: string): Promise<DatabaseLocation> => {
    return { kind: 'sqlite', path: join(folder, `${randomBytes(4).toString('hex')}.db`) };
  },
  PostgreSQL: async (): Promise<DatabaseLocation> => {
    return { kind: 'postgres', url: await postgres.createDatabase() };
  },
};

async function fillWithHostile(store: Store, texts: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(texts)) {
    const profile = JSON.parse(`{"__proto__":{"a":1},"big":"${'x'.repeat(100_000)}"}`);
    const user = aUser({ name: text, username: text, profile: { ...profile, [text]: text } });
    const session = aSession(user.id, { userAgent: text, scope: text });
    const event = anEvent({
      userAgent: text,
      subject: { kind: 'client', id: text },
      actor: { kind: 'operator', id: text },
      changes: { name: { from: text, to: [text] } },
    });
    assert.deepEqual(await store.createUser({ user, session, event }), { status: 'created' }, name);
    const client = aClient({ name: `${text} ${name}` });
    await store.createClient({ client, event: anEvent() });
    const secret = aClientSecret({ createdAt: 2_000 });
    const times = { now: 1_000, othersEndAt: 3_000 };
    await store.rotateClientSecret({ id: client.id, secret, ...times, event: anEvent() });
    await store.compareAndSet({ name: text, expected: '', value: text });
  }
}

async function readAll(store: Store) {
  const users = await store.listUsers({ after: null, limit: 1000 });
  const sessions = users.map(({ id }) => store.listSessions({ userId: id, now: 0, limit: 1_000 }));
  return {
    users,
    sessions: await Promise.all(sessions),
    clients: await store.listClients(),
    events: await latestEvents(store, null, 1000),
    facts: await Promise.all(
      Object.values(hostile).map((name) =>
        store.compareAndSet({ name, expected: '-', value: '-' }),
      ),
    ),
  };
}

for (const [kind, createLocation] of Object.entries(locations)) {
  test(`${kind}: texts of any kind come back as they were, on either database`, async (t) => {
    const folder = await createFolder(t);
    const from = await createLocation(folder);
    const source = await openStore({ database: from });
    t.after(() => source.close());
    // No text with NUL gets as far as a database; SQLite would keep it.
    const texts = kind === 'SQLite' ? { ...hostile, NUL: 'a\0b' } : hostile;
    await fillWithHostile(source, texts);
    const secret = aSecret();
    await source.createOneTimeSecret({ secret, bound: null, now: 0 });
    const before = await readAll(source);
    const file = join(folder, 'a.backup');
    const counts = await backUp(from, file, systemClock, () => {});
    assert.equal(counts.users, Object.keys(texts).length);
    const options = { replace: false, keepSessions: true };
    for (const [other, createTarget] of Object.entries(locations)) {
      const target = await createTarget(folder);
      const restoring = restore(target, await openBackup(file), options, ports, () => {});
      if ('NUL' in texts && other === 'PostgreSQL') {
        await assert.rejects(restoring, /NUL character, which PostgreSQL cannot store/);
        continue;
      }
      await restoring;
      const store = await openStore({ database: target });
      t.after(() => store.close());
      assert.deepEqual(await readAll(store), before, other);
      // One that was used after the backup must not work again.
      assert.equal(await store.findOneTimeSecret({ ...secret, now: 0 }), undefined);
    }
  });
}

test('A restore skips token versions and log positions from after the backup', async (t) => {
  const folder = await createFolder(t);
  const database = { kind: 'sqlite', path: join(folder, 'a.db') } as const;
  // On another machine, where nothing tells how far the log had come.
  const other = { kind: 'sqlite', path: join(folder, 'b.db') } as const;
  // A key of the host's own is not replaced by a restore, so only versions tell its tokens apart.
  const signingKey = randomBytes(32);
  const start = (path: string) =>
    startApp({ databaseUrl: `sqlite:${path}`, algorithm: 'HS256', signingKey });
  const first = await start(database.path);
  const { body: ann } = await first.register('ann');
  const { body: leaver } = await first.register('leaver');
  const file = join(folder, 'a.backup');
  await backUp(database, file, systemClock, () => {});

  const { auth, users } = internalsOf(first.app);
  const { id = '' } = (await users.find({ username: 'ann' })) ?? {};
  for (const role of ['reader', 'writer', 'admin']) await users.setRoles(id, [role]);
  const late = (await first.login('ann')).body['access_token'];
  assert.equal((await first.send('/auth/verify', { token: late })).status, 200);
  // What a guard has heard: it goes on after that.
  await auth.revocations.catchUp();
  const heard = auth.revocations.position;
  assert.ok(heard >= 3);
  await first.close();
  const options = { replace: false, keepSessions: false, dropSealed: true };
  await restore(other, await openBackup(file), options, ports, () => {});

  const second = await start(other.path);
  const refused = await second.send('/auth/verify', { token: late });
  assert.equal(refused.body['code'], 'token_revoked');
  for (const { access_token: token } of [ann, leaver]) {
    assert.equal((await second.send('/auth/verify', { token })).status, 401);
  }
  const { key } = await second.app.latchkey.clients.create({ name: 'api', kind: 'guard' });
  const ended: string[] = [];
  for (let done = 0; done <= heard; done++) {
    const token = (await second.login('leaver')).body['access_token'];
    ended.push(JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).sid);
    await second.send('/auth/logout', { method: 'POST', token });
  }
  await internalsOf(second.app).auth.revocations.catchUp();
  const feed = await openFeed(`${second.url}/auth/revocations`, {
    token: key,
    after: String(heard),
  });
  await feed.until(({ events }) => events.some(({ name }) => name === 'live'));
  for (const subject of [id, ...ended]) assert.ok(feed.subjects.includes(subject));
  feed.cut();
  await second.close();
});

test('The counts reveal rows that a backup or a restore has lost', async (t) => {
  const folder = await createBackup(t);
  const file = join(folder, 'a.backup');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const footer = JSON.parse(lines.pop() ?? '');
  for (const [name, counts] of [
    ['users', { ...footer.counts, users: 2 }],
    ['audit_events', { ...footer.counts, audit_events: 0 }],
    ['sqlite_master', { ...footer.counts, sqlite_master: 0 }],
  ]) {
    const text = `${JSON.stringify({ ...footer, counts })}\n`;
    await writeFile(join(folder, `${name}.backup`), `${lines.join('\n')}\n${text}`);
    await assert.rejects(openBackup(join(folder, `${name}.backup`)), /lacks rows/);
  }

  const target: DatabaseLocation = { kind: 'sqlite', path: join(folder, 'b.db') };
  await (await openStore({ database: target })).close();
  const client = new DatabaseSync(target.path);
  client.exec(`create trigger eats before insert on users begin select raise(ignore); end`);
  client.close();
  const options = { replace: false, keepSessions: true };
  const restoring = restore(target, await openBackup(file), options, ports, () => {});
  await assert.rejects(restoring, /Not all rows arrived in users, so it was undone/);
});

test('A backup counts the rows of all batches, and refuses a file with other counts', async (t) => {
  const folder = await createFolder(t);
  const file = join(folder, 'a.backup');
  async function* batches(): AsyncGenerator<Batch> {
    for (const rows of [[['a', 1]], [['b', 2]], [['c', 3]]])
      yield { table: 'facts', columns: ['name', 'value'], rows };
  }
  assert.equal((await writeBackup(file, 0, batches())).facts, 3);
  const backup = await openBackup(file);
  assert.equal(backup.counts['facts'], 3);
  let read = 0;
  for await (const { rows } of backup.batches()) read += rows.length;
  assert.equal(read, 3);
});

test('A copy that differs from the original in a row or a value is rolled back', async (t) => {
  const folder = await createBackup(t);
  const from: DatabaseLocation = { kind: 'sqlite', path: join(folder, 'data', 'latchkey.db') };
  for (const [table, trigger] of [
    ['audit_events', 'before insert on audit_events begin select raise(ignore); end'],
    ['users', "after insert on users begin update users set username = 'joan'; end"],
  ] as const) {
    const to: DatabaseLocation = { kind: 'sqlite', path: join(folder, `${table}.db`) };
    await (await openStore({ database: to })).close();
    using client = new DatabaseSync(to.path);
    client.exec(`create trigger spoils ${trigger}`);
    await assert.rejects(
      copyDatabase(from, to, () => {}),
      new RegExp(`differs from the original in ${table}, so it was undone`),
    );
    assert.deepEqual(client.prepare('select count(*) as n from users').get()?.['n'], 0);
  }
});

test('A backup that cannot be read back as it was written is reported as failed', async (t) => {
  const folder = await createFolder(t);
  const file = join(folder, 'a.backup');
  async function* batches(): AsyncGenerator<Batch> {
    // No database of ours holds such a number; the reader does not take it, and neither does the writer.
    yield { table: 'facts', columns: ['name', 'value'], rows: [['a', 0.5]] };
  }
  await assert.rejects(writeBackup(file, 0, batches()), /could not be read back/);
  assert.deepEqual(await readdir(folder), []);
});

/** A backup of one user, made without a server. */
async function createBackup(t: TestContext): Promise<string> {
  const folder = await createFolder(t);
  const args = ['users', 'create', '--username', 'jane'];
  assertDone(await runCliIn(folder, args, { input: 'correct horse' }));
  assertDone(await runCliIn(folder, ['backup', 'a.backup']));
  return folder;
}

test('A file that is damaged, truncated or not a backup is refused, and nothing is restored', async (t) => {
  const folder = await createBackup(t);
  const file = join(folder, 'a.backup');
  const whole = await readFile(file, 'utf8');
  const lines = whole.split('\n');
  const damaged: Readonly<Record<string, [text: string, says: RegExp]>> = {
    'a changed value': [whole.replace('"jane"', '"joan"'), /its checksum differs/],
    'no end': [lines.slice(0, -2).join('\n'), /is cut off/],
    'half a line': [whole.slice(0, -20), /is cut off/],
    'more after the end': [`${whole}{}\n`, /goes on after its end/],
    'another version': [whole.replace(/"schema":\d+/, '"schema":99'), /of a newer version/],
    'an unknown table': [whole.replace('"table":"users"', '"table":"sqlite_master"'), /is damaged/],
    'something else': ['hello\n', /not a backup of Latchkey/],
    nothing: ['', /not a backup of Latchkey/],
  };
  for (const [name, [text, says]] of Object.entries(damaged)) {
    await writeFile(file, text);
    const { code, stderr } = await runCliIn(folder, ['restore', 'a.backup', '--data-dir', 'new']);
    assert.deepEqual([code, says.test(stderr)], [1, true], `${name}: ${stderr}`);
  }
  assert.equal(existsSync(join(folder, 'new')), false);
  const { stderr } = await runCliIn(folder, ['restore', 'b.backup', '--data-dir', 'new']);
  assert.match(stderr, /^error: \S+b\.backup cannot be read \(ENOENT\)\.\n$/);
});

test('A backup never overwrites a file, and a failed one leaves no file', async (t) => {
  const folder = await createBackup(t);
  const before = await readFile(join(folder, 'a.backup'));
  const again = await runCliIn(folder, ['backup', 'a.backup']);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /already exists\. Name another file/);
  assert.deepEqual(await readFile(join(folder, 'a.backup')), before);
  assert.equal(existsSync(join(folder, 'a.backup.part')), false);
  // Neither can be opened, and yet something is there.
  for (const [name, target] of [
    ['dangling.backup', 'nothing'],
    ['loop.backup', 'loop.backup'],
  ] as const) {
    await symlink(target, join(folder, name));
    assert.match((await runCliIn(folder, ['backup', name])).stderr, /already exists/);
    assert.equal(await readlink(join(folder, name)), target);
  }
  const nowhere = await runCliIn(folder, ['backup', 'nowhere/a.backup']);
  assert.match(nowhere.stderr, /^error: \S+nowhere\/a\.backup cannot be written \(ENOENT\)\.\n$/);
  await rm(join(folder, 'data', 'latchkey.db'));
  const none = await runCliIn(folder, ['backup', 'b.backup']);
  assert.match(none.stderr, /^error: There is no database at/);
  await copyFile(join(folder, 'a.backup'), join(folder, 'data', 'latchkey.db'));
  const wrong = await runCliIn(folder, ['backup', 'b.backup']);
  assert.match(wrong.stderr, /^error: The file is not a Latchkey database/);
  assert.equal(existsSync(join(folder, 'b.backup')), false);
});

test('migrate-database refuses what it cannot copy, and says why', async (t) => {
  const folder = await createBackup(t);
  const refused = async (args: readonly string[], code: number, says: RegExp) => {
    const ended = await runCliIn(folder, ['migrate-database', ...args]);
    assert.deepEqual([ended.code, says.test(ended.stderr)], [code, true], ended.stderr);
  };
  const here = 'sqlite:./data/latchkey.db';
  await Promise.all([
    refused([], 2, /Give the database to read, --from <url>/),
    refused(['--from', here], 2, /--from and --to are the same database/),
    refused(
      ['--from', here, '--to', 'mysql://x'],
      2,
      /--to: is not a database that Latchkey knows/,
    ),
    refused(['--from', 'sqlite:./no.db', '--to', 'sqlite:./b.db'], 1, /no database at .*no\.db/),
    refused(
      ['--from', here, '--to', 'postgres://me:hunter2@db/x'],
      2,
      /--to would show the password/,
    ),
    refused(['--from', here, '--to', 'sqlite::memory:'], 1, /in memory/),
  ]);
  assert.equal(existsSync(join(folder, 'b.db')), false);
});

test('A restore keeps second factors with the secret, and lists whose are gone without it', async (t) => {
  const folder = await createFolder(t);
  const place = (name: string) =>
    ({ kind: 'sqlite', path: join(folder, `${name}.db`) }) as const satisfies DatabaseLocation;
  const clock = new TestClock(Date.now());
  const start = (name: string, secret?: string) =>
    startApp({ databaseUrl: `sqlite:${place(name).path}`, clock, ...(secret && { secret }) });
  const file = join(folder, 'a.backup');
  const first = await start('a');
  const ann = await enrol(first, 'ann');
  const used = showCode(ann.secret, clock);
  await first.register('joe');
  await backUp(place('a'), file, clock, () => {});
  clock.step(30);
  assert.equal((await signInWith(first, 'ann', 'recovery_code', ann.codes[0] ?? '')).status, 200);
  await enrol(first, 'joe');
  const { users } = first.app.latchkey;
  const idOf = async (username: string) => (await users.find({ username }))?.id;
  const [annId, joeId] = [await idOf('ann'), await idOf('joe')];
  await first.close();

  const ports = { clock, random: systemRandom };
  const target = 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB';
  const fill = async (name: string, backupSecret: string | undefined, replace = false) => {
    const secrets = { backup: async () => backupSecret, target: async () => target };
    const options = { replace, keepSessions: false, dropSealed: true, secrets };
    return restore(place(name), await openBackup(file), options, ports, () => {});
  };

  const restored = await fill('b', SECRET);
  assert.deepEqual([restored.sealedData, restored.affectedUsers], ['restored', []]);
  const second = await start('b', target);
  assert.equal((await signInWith(second, 'ann', 'totp', used)).status, 401);
  assert.equal(
    (await signInWith(second, 'ann', 'totp', showCode(ann.secret, clock))).status,
    401,
    'codes of before the restore',
  );
  clock.step(60);
  const later = showCode(ann.secret, clock);
  assert.equal((await signInWith(second, 'ann', 'totp', later)).status, 200);
  // To another database, sealed data goes as it is.
  await second.close();
  await copyDatabase(place('b'), place('copy'), () => {});
  const copied = await start('copy', target);
  clock.step(30);
  const next = showCode(ann.secret, clock);
  assert.equal((await signInWith(copied, 'ann', 'totp', next)).status, 200);
  await copied.close();

  const lost = await fill('c', undefined);
  const names = { username: 'ann', email: null };
  assert.deepEqual(
    [lost.sealedData, lost.affectedUsers],
    ['dropped', [{ id: annId, ...names, reason: 'dropped' }]],
  );
  const third = await start('c', target);
  assert.equal((await third.login('ann')).status, 200);
  await third.close();

  const replaced = await fill('a', SECRET, true);
  const affected = replaced.affectedUsers.map(({ id, reason }) => [id, reason]);
  const expected = [annId, joeId].map((id) => [id, 'changed_since']);
  assert.deepEqual(affected.toSorted(), expected.toSorted());
});

function showCode(secret: string, clock: TestClock): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.ms });
}

/** Adds an authenticator to a user, who is registered if there is none. */
async function enrol(server: TestServer, username: string) {
  await server.register(username);
  const { body } = await server.login(username);
  const token: string = body['access_token'];
  const added = await server.send('/auth/mfa/totp', { token, json: { name: 'Phone' } });
  const secret: string = added.body['secret'];
  const json = { code: showCode(secret, server.clock) };
  const confirmed = await server.send(`/auth/mfa/totp/${added.body['id']}`, { token, json });
  assert.equal(confirmed.status, 200, confirmed.text);
  return { secret, codes: confirmed.body['recovery_codes'] as string[] };
}

async function signInWith(server: TestServer, username: string, method: string, code: string) {
  const { body } = await server.login(username);
  return server.send('/auth/mfa', { json: { challenge: body['challenge'], method, code } });
}
