import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreUnavailable } from '../../src/errors.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { temporaryFolder } from './folder.ts';
import { anEvent, aUser } from './records.ts';

const threads = ['worker', 'inline'] as const;

for (const thread of threads) {
  test(`${thread}: the folder and the file are made, for this user of the machine alone`, async (t) => {
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

  test(`${thread}: what is not a database of ours is refused, and left as it is`, async (t) => {
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

  test(`${thread}: a database of a newer version is refused, and left as it is`, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    await (await openSqliteStore({ path, thread })).close();
    const raw = new DatabaseSync(path);
    t.after(() => raw.close());
    raw.exec("INSERT INTO schema_migrations (version, name) VALUES (99, 'from the future')");
    await assert.rejects(openSqliteStore({ path, thread }), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /newer version of Latchkey.*99/);
      return true;
    });
    raw.exec('DELETE FROM schema_migrations WHERE version = 99');
    await (await openSqliteStore({ path, thread })).close();
  });

  test(`${thread}: while another process holds the lock, writes are refused and reads go on`, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    const store = await openSqliteStore({ path, thread, busyTimeout: 20 });
    t.after(() => store.close());
    const user = aUser();
    await store.createUser({ user, session: null, event: anEvent() });
    const other = new DatabaseSync(path);
    t.after(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const event = anEvent({ userId: user.id });
    const [write, read] = await Promise.allSettled([
      store.recordEvent(event),
      store.findUser({ id: user.id }),
    ]);
    assert.ok(write.status === 'rejected' && write.reason instanceof StoreUnavailable);
    assert.ok(write.reason.retryAfter > 0);
    assert.deepEqual(read, { status: 'fulfilled', value: user });
    other.exec('ROLLBACK');
    assert.deepEqual(await store.listEvents({ userId: user.id, limit: 9 }), []);
    await store.recordEvent(event);
    assert.deepEqual(await store.listEvents({ userId: user.id, limit: 9 }), [event]);
  });
}

test('a file that exists keeps the mode its owner gave it', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  writeFileSync(path, '');
  chmodSync(path, 0o640);
  await (await openSqliteStore({ path, thread: 'inline' })).close();
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test('a database of an older version is brought up to date with all that is in it', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const store = await openSqliteStore({ path, thread: 'inline' });
  const event = anEvent();
  await store.recordEvent(event);
  await store.close();
  const raw = new DatabaseSync(path);
  raw.exec(`ALTER TABLE audit_events DROP COLUMN subject;
    DELETE FROM schema_migrations WHERE version > 2`);
  raw.close();
  const later = await openSqliteStore({ path, thread: 'inline' });
  t.after(() => later.close());
  const next = anEvent();
  await later.recordEvent(next);
  const events = await later.listEvents({ userId: null, limit: 9 });
  assert.deepEqual(events, [next, { ...event, subject: null }]);
});

test('processes that start at once on a new file share the making of it', async (t) => {
  const folder = temporaryFolder(t);
  for (let round = 0; round < 3; round++) {
    const path = join(folder, `${round}.db`);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openSqliteStore({ path })));
    const answers = await Promise.all(
      stores.map((it, i) => it.exchange({ name: 'first', expected: '', value: String(i) })),
    );
    assert.equal(new Set(answers).size, 1);
    await Promise.all(stores.map((it) => it.close()));
    const raw = new DatabaseSync(path);
    const versions = raw.prepare('SELECT version FROM schema_migrations').all();
    raw.close();
    assert.deepEqual(
      versions.map((it) => it['version']),
      versions.map((_, index) => index + 1),
    );
  }
});
