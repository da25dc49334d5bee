import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import type { Store } from '../../src/auth/ports/store.ts';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { latestEvents } from '../support/events.ts';
import { temporaryFolder } from './folder.ts';
import { anEvent, unique } from './records.ts';

/** Opens a store and lays hands on its thread. */
async function openWithWorker(path: string, t: TestContext): Promise<[Store, Worker]> {
  let worker: Worker | undefined;
  const catchWorker = (it: Worker) => {
    worker = it;
  };
  process.once('worker', catchWorker);
  const store = await openSqliteStore({ path, thread: 'worker' });
  t.after(() => store.close());
  assert.ok(worker);
  return [store, worker];
}

test('a thread that dies fails its calls, and the next call starts another thread', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const [store, worker] = await openWithWorker(path, t);
  const name = unique('number');
  await store.setMax({ name, value: 1 });

  // While another connection holds the lock, the thread cannot answer before it dies.
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  other.exec('begin immediate');
  const call = store.setMax({ name, value: 2 });
  const exited = worker.terminate();
  other.exec('rollback');
  await assert.rejects(call, StoreUnavailable);
  await exited;
  assert.equal(await store.setMax({ name, value: 0 }), 1);
});

test('a database in memory starts no thread unless it is asked to', async (t) => {
  let started = 0;
  const count = () => {
    started += 1;
  };
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const store = await openSqliteStore({ path: ':memory:' });
  t.after(() => store.close());
  await store.ping();
  assert.equal(started, 0);
});

test('a database in memory reports that it was lost with its thread', async (t) => {
  const [store, worker] = await openWithWorker(':memory:', t);
  await store.recordEvent(anEvent());
  await worker.terminate();
  await assert.rejects(store.ping(), (error) => {
    assert.ok(error instanceof StoreUnavailable);
    assert.match(error.message, /in memory is lost/);
    return true;
  });
});

test('closing does not wait without limit for another process that holds the lock', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const store = await openSqliteStore({ path, busyTimeoutMs: 60_000, closeTimeoutMs: 100 });
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  await store.recordEvent(anEvent());
  other.exec('begin immediate');
  const call = store.recordEvent(anEvent());
  await new Promise(setImmediate);
  // Comes while the first one waits for the lock.
  const later = store.recordEvent(anEvent());
  const refused = Promise.all([call, later].map((it) => assert.rejects(it, StoreUnavailable)));
  const start = performance.now();
  await store.close();
  assert.ok(performance.now() - start < 6_000);
  await refused;
  other.exec('rollback');
});

test('a call that rolls back the whole batch fails the batch, and none of its writes stay', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const store = await openSqliteStore({ path });
  t.after(() => store.close());
  const other = new DatabaseSync(path);
  t.after(() => other.close());
  // As SQLite does by itself where the disk is full, but by an error that says nothing of the database.
  other.exec(`create trigger undo before insert on audit_events when new.subject = 'undo'
    begin select raise(rollback, 'undone'); end`);
  const events = [anEvent(), anEvent({ subject: { kind: 'key', id: 'undo' } }), anEvent()];
  const results = await Promise.allSettled(events.map((event) => store.recordEvent(event)));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  );
  assert.deepEqual(await latestEvents(store, null, 9), []);
  await store.recordEvent(anEvent());
});

test('callers beyond the limit are refused immediately, and the others are served', async (t) => {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline', maxWaiting: 3 });
  t.after(() => store.close());
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => store.ping()));
  assert.deepEqual(
    results.map((it) => it.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  );
  await store.ping();
});

test('calls that do not fit in one batch are all answered, in order', async (t) => {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  t.after(() => store.close());
  const name = unique('number');
  const calls = Array.from({ length: 1_500 }, (_, value) => store.setMax({ name, value }));
  assert.deepEqual(await Promise.all(calls), [...Array(1_500).keys()]);
});

const noLimits = process.platform === 'win32' && 'the shell has no ulimit';
for (const thread of ['worker', 'inline'] as const) {
  test(`${thread}: on a full disk writes are refused, reads go on, nothing is lost`, {
    skip: noLimits,
  }, async (t) => {
    const path = join(temporaryFolder(t), 'a.db');
    const program = fileURLToPath(new URL('./fill-disk.ts', import.meta.url));
    // A limit on the size of files stands in for a full disk: blocks of 512 or 1024 bytes.
    const command = 'ulimit -f 2000 && exec "$0" "$@"';
    const args = ['-c', command, process.execPath, program, path, thread];
    const { stdout } = await promisify(execFile)('sh', args);
    const { acknowledged, refusals, reads } = JSON.parse(stdout);
    assert.ok(acknowledged.length > 0);
    assert.ok(refusals.length > 0);
    for (const it of refusals) assert.match(it, /^StoreUnavailable: The disk under the database/);
    assert.equal(reads.length, 7);
    assert.equal(reads.at(-1), acknowledged.length);

    const store = await openSqliteStore({ path, thread });
    t.after(() => store.close());
    const events = await latestEvents(store, null, 10_000);
    assert.deepEqual(events.map((it) => it.id).reverse(), acknowledged);
    await store.recordEvent(anEvent({ id: unique('after') }));
  });
}
