import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { aboutUser } from '../../src/auth/audit/event.ts';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { runSteps } from '../../src/store/sql/steps.ts';
import { createSqliteSql } from '../../src/store/sqlite/dialect.ts';
import { latestEvents } from '../support/events.ts';
import { temporaryFolder } from './folder.ts';
import {
  assertLateEvents,
  assertOldEvents,
  insertLateEvents,
  insertOldEvents,
} from './old-events.ts';
import { createOldSchema } from './old-schema.ts';
import { anEvent, aUser } from './records.ts';

const threads = ['worker', 'inline'] as const;

/** A file as an older version left it. */
function makeOldFile(path: string, version: number): DatabaseSync {
  const raw = new DatabaseSync(path);
  runSteps(createOldSchema(createSqliteSql(), version), ({ text, values }) =>
    raw.prepare(text).all(...values),
  );
  return raw;
}

for (const thread of threads) {
  test(`${thread}: the folder and the file are created for this user of the machine alone`, async (t) => {
    const folder = join(temporaryFolder(t), 'not', 'yet');
    const umask = process.umask(0);
    t.after(() => process.umask(umask));
    const store = await openSqliteStore({ path: join(folder, 'a.db'), thread });
    await store.recordEvent(anEvent());
    const modes = readdirSync(folder).map((it) => [it, statSync(join(folder, it)).mode & 0o777]);
    assert.deepEqual(Object.fromEntries(modes), {
      'a.db': 0o600,
      'a.db-shm': 0o600,
      'a.db-wal': 0o600,
    });
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    await store.close();
    assert.deepEqual(readdirSync(folder), ['a.db']);
  });

  test(`${thread}: an acknowledged write is in the file`, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    const store = await openSqliteStore({ path, thread });
    t.after(() => store.close());
    const reader = new DatabaseSync(path, { readOnly: true });
    t.after(() => reader.close());
    const find = reader.prepare('SELECT name FROM users WHERE id = ?');
    for (let i = 0; i < 20; i++) {
      const user = aUser();
      await store.createUser({ user, session: null, event: anEvent() });
      assert.equal(find.get(user.id)?.['name'], user.name);
    }
  });

  test(`${thread}: a file that is not a Latchkey database is refused and left unchanged`, async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'a.db');
    writeFileSync(path, 'This is a letter to my aunt, and by no means a database. '.repeat(100));
    const before = statSync(path).size;
    await assert.rejects(openSqliteStore({ path, thread }), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /not a Latchkey database/);
      return true;
    });
    assert.equal(statSync(path).size, before);
    mkdirSync(join(folder, 'folder.db'));
    for (const impossible of [join(folder, 'folder.db'), join(path, 'below-a-file.db')]) {
      await assert.rejects(openSqliteStore({ path: impossible, thread }), StoreUnavailable);
    }
  });

  test(`${thread}: a database of a newer version is refused and left unchanged`, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    await (await openSqliteStore({ path, thread })).close();
    const raw = new DatabaseSync(path);
    t.after(() => raw.close());
    raw.exec("INSERT INTO latchkey_migrations (version, name) VALUES (99, 'from the future')");
    await assert.rejects(openSqliteStore({ path, thread }), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /newer version of Latchkey.*99/);
      return true;
    });
    raw.exec('DELETE FROM latchkey_migrations WHERE version = 99');
    await (await openSqliteStore({ path, thread })).close();
  });

  test(`${thread}: while another process holds the lock, writes are refused and reads go on`, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    const store = await openSqliteStore({ path, thread, busyTimeoutMs: 20 });
    t.after(() => store.close());
    const user = aUser();
    await store.createUser({ user, session: null, event: anEvent() });
    const other = new DatabaseSync(path);
    t.after(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const event = anEvent({ subject: aboutUser(user.id) });
    const [write, read] = await Promise.allSettled([
      store.recordEvent(event),
      store.findUser({ id: user.id }),
    ]);
    assert.ok(write.status === 'rejected' && write.reason instanceof StoreUnavailable);
    assert.ok(write.reason.retryAfter > 0);
    assert.deepEqual(read, { status: 'fulfilled', value: user });
    other.exec('ROLLBACK');
    assert.deepEqual(await latestEvents(store, user.id, 9), []);
    await store.recordEvent(event);
    assert.deepEqual(await latestEvents(store, user.id, 9), [event]);
  });
}

test('a file that exists keeps the mode its owner gave it', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  await (await openSqliteStore({ path, thread: 'inline' })).close();
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('a database of an older version is brought up to date with all its rows', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const raw = makeOldFile(path, 2);
  raw.exec("insert into audit_events (id, at, type) values ('a', 1, 'key_rotated')");
  raw.close();
  const later = await openSqliteStore({ path, thread: 'inline' });
  t.after(() => later.close());
  const next = anEvent();
  await later.recordEvent(next);
  const events = await latestEvents(later, null, 9);
  assert.deepEqual(
    events.map(({ id, subject }) => [id, subject]),
    [
      [next.id, next.subject],
      ['a', { kind: 'key', id: null }],
    ],
  );
});

test('events of version 0.1 name their actors, as far as that version recorded them', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const raw = makeOldFile(path, 4);
  t.after(() => raw.close());
  raw.exec(insertOldEvents());
  const store = await openSqliteStore({ path, thread: 'inline' });
  t.after(() => store.close());
  await assertOldEvents(store);
  raw.exec(insertLateEvents);
  await assertLateEvents(store);
});

test('of processes that start at the same time on a new file, one creates the tables and all work', async (t) => {
  const folder = temporaryFolder(t);
  for (let round = 0; round < 3; round++) {
    const path = join(folder, `${round}.db`);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteStore({ path })));
    const answers = await Promise.all(
      stores.map((it, i) => it.compareAndSet({ name: 'first', expected: '', value: String(i) })),
    );
    assert.equal(new Set(answers).size, 1);
    await Promise.all(stores.map((it) => it.close()));
    const raw = new DatabaseSync(path);
    const versions = raw.prepare('SELECT version FROM latchkey_migrations').all();
    raw.close();
    assert.deepEqual(
      versions.map((it) => it['version']),
      versions.map((_, index) => index + 1),
    );
  }
});

suite('a file of another program', () => {
  const programs: [string, string, RegExp][] = [
    [
      'with tables of the names that Latchkey needs',
      'CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT); CREATE TABLE schema_migrations (version TEXT)',
      /belongs to another program: it has tables named .*users.*a file of its own/,
    ],
    [
      'with migrations of a version that Latchkey does not know',
      'CREATE TABLE schema_migrations (version INTEGER, dirty INTEGER); INSERT INTO schema_migrations VALUES (20240131, 0)',
      /belongs to another program: it has a table named schema_migrations/,
    ],
    ['with other tables', 'CREATE TABLE moz_places (id INTEGER)', /a table named moz_places/],
    ['with a view', 'CREATE VIEW "Users" AS SELECT 1', /a table named Users/],
  ];
  for (const thread of threads) {
    for (const [name, statements, reason] of programs) {
      test(`${thread}: ${name} is refused and left unchanged`, async (t) => {
        const path = join(temporaryFolder(t), 'a.db');
        const raw = new DatabaseSync(path);
        raw.exec(statements);
        raw.close();
        const before = readFileSync(path);
        await assert.rejects(openSqliteStore({ path, thread }), (error) => {
          assert.ok(error instanceof StoreUnavailable);
          assert.match(error.message, reason);
          assert.doesNotMatch(error.message, /newer version/);
          return true;
        });
        const after = new DatabaseSync(path, { readOnly: true });
        t.after(() => after.close());
        assert.equal(
          after
            .prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'latchkey%'")
            .get()?.['n'],
          0,
        );
        assert.equal(statSync(path).size, before.length);
      });
    }
  }
});

test('a database of version 0.1 keeps its rows, and its list of migrations gets its present name', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const store = await openSqliteStore({ path, thread: 'inline' });
  const event = anEvent();
  await store.recordEvent(event);
  await store.close();
  const raw = new DatabaseSync(path);
  t.after(() => raw.close());
  raw.exec('ALTER TABLE latchkey_migrations RENAME TO schema_migrations');
  const later = await openSqliteStore({ path, thread: 'inline' });
  t.after(() => later.close());
  assert.deepEqual(later.notices, []);
  assert.deepEqual(await latestEvents(later, null, 9), [event]);
  const tables = raw.prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%migrations'").all();
  assert.deepEqual(
    tables.map((it) => it['name']),
    ['latchkey_migrations'],
  );
});

suite('a new empty database', () => {
  test('is reported, even in a file that already existed', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'empty.db'), '', { mode: 0o600 });
    for (const name of ['new.db', 'empty.db']) {
      const path = join(folder, name);
      const first = await openSqliteStore({ path });
      await first.close();
      assert.deepEqual(
        first.notices.map((it) => it.level),
        ['info'],
      );
      assert.match(
        first.notices[0]?.text ?? '',
        /^An empty database was made in the file .*\.db\. If/,
      );
      const second = await openSqliteStore({ path });
      await second.close();
      assert.deepEqual(second.notices, []);
    }
    const inMemory = await openSqliteStore({ path: ':memory:' });
    t.after(() => inMemory.close());
    assert.deepEqual(inMemory.notices, []);
  });
});

suite('other users of the machine', { skip: process.platform === 'win32' }, () => {
  const mode = (path: string) => statSync(path).mode & 0o7777;
  const make = async (t: TestContext) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'a.db');
    await (await openSqliteStore({ path, thread: 'inline' })).close();
    return { folder, path };
  };
  const reopen = async (path: string) => {
    const store = await openSqliteStore({ path, thread: 'inline' });
    await store.close();
    return store.notices
      .filter((it) => it.level === 'warning')
      .map((it) => it.text)
      .join('\n');
  };

  test('cannot read or replace a database that was open to them, and the operator is told', async (t) => {
    const { folder, path } = await make(t);
    chmodSync(path, 0o666);
    chmodSync(folder, 0o777);
    const said = await reopen(path);
    assert.match(said, /a\.db could be read or changed by other users .*mode 0666.* now 0600/);
    assert.match(said, /could replace the files in .*mode 0777.* now 0755/);
    assert.deepEqual([mode(path), mode(folder)], [0o600, 0o755]);
    assert.equal(await reopen(path), '');
  });

  test('cannot read it if a single permission was left', async (t) => {
    const { path } = await make(t);
    for (const [given, repaired] of [
      [0o604, 0o600],
      [0o602, 0o600],
      [0o644, 0o600],
      [0o660, 0o640],
    ] as const) {
      chmodSync(path, given);
      assert.match(await reopen(path), /could be read or changed/);
      assert.equal(mode(path), repaired);
    }
    chmodSync(path, 0o640);
    assert.equal(await reopen(path), '');
  });

  test('cannot read its log', async (t) => {
    const { path } = await make(t);
    for (const end of ['-wal', '-shm']) {
      writeFileSync(`${path}${end}`, '');
      chmodSync(`${path}${end}`, 0o666);
    }
    const said = await reopen(path);
    assert.match(said, /a\.db-wal could be read/);
    assert.match(said, /a\.db-shm could be read/);
  });

  test('cannot replace it behind a link', async (t) => {
    const { folder, path } = await make(t);
    const elsewhere = temporaryFolder(t);
    symlinkSync(path, join(elsewhere, 'link.db'));
    chmodSync(path, 0o666);
    chmodSync(folder, 0o777);
    chmodSync(elsewhere, 0o777);
    const said = await reopen(join(elsewhere, 'link.db'));
    assert.equal(said.split('\n').length, 3);
    assert.deepEqual([mode(path), mode(folder), mode(elsewhere)], [0o600, 0o755, 0o755]);
  });

  test('may share a sticky folder, and a group is the administrator’s choice', async (t) => {
    const { folder, path } = await make(t);
    chmodSync(folder, 0o1777);
    assert.equal(await reopen(path), '');
    chmodSync(folder, 0o770);
    assert.match(await reopen(path), /The group of .* can replace the files in it.*chmod g-w/);
    assert.equal(mode(folder), 0o770);
  });
});

test('a database from before sessions were bounded is brought up to date, and its surplus sessions are ended', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const raw = makeOldFile(path, 3);
  raw.exec(`
    insert into users (id, roles, profile, token_version, created_at, updated_at)
      values ('many', '[]', '{}', 0, 1, 1), ('few', '[]', '{}', 0, 1, 1);
    with recursive counted(it) as (values (101) union all select it + 1 from counted where it < 350)
      insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time)
      select 'many-' || it, 'many', 3, it, 9000, 1, 1 from counted;
    with recursive counted(it) as (values (101) union all select it + 1 from counted where it < 200)
      insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time)
      select 'few-' || it, 'few', 3, it, 9000, 1, 1 from counted`);
  raw.close();

  const store = await openSqliteStore({ path });
  t.after(() => store.close());
  const find = (sessionId: string) => store.findSession({ sessionId, now: 500 });
  const kept = await find('many-350');
  assert.deepEqual([kept?.session.generation, kept?.parentGeneration], [3, 2]);
  const { amr, mfaTime, clientId } = kept?.session ?? {};
  assert.deepEqual({ amr, mfaTime, clientId }, { amr: ['pwd'], mfaTime: null, clientId: null });
  for (let left = 150; left > 0; left -= 50) {
    assert.equal(await store.findSessionCleanup(), 'many');
    const events = Array.from({ length: 50 }, () => anEvent());
    const ending = { userId: 'many', maxSessions: 100, issuedUntil: 9_000, events };
    assert.equal((await store.cleanUpSessions(ending)).revocations.length, 50);
  }
  const ending = { userId: 'many', maxSessions: 100, issuedUntil: 9_000, events: [anEvent()] };
  assert.deepEqual(await store.cleanUpSessions(ending), { isDone: true, revocations: [] });
  assert.equal(await store.findSessionCleanup(), undefined);
  assert.equal(await find('many-250'), undefined);
  for (const [userId, oldest] of [
    ['many', 'many-251'],
    ['few', 'few-101'],
  ] as const) {
    const sessions = await store.listSessions({ userId, now: 500, limit: 1_000 });
    assert.equal(sessions.length, 100);
    assert.equal(sessions.at(-1)?.id, oldest);
  }
});
