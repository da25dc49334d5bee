import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import fs, { realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { Store } from '../../src/auth/ports/store.ts';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { ChangeWatch } from '../../src/store/sqlite/change-watch.ts';
import { temporaryFolder } from './folder.ts';
import { anEvent } from './records.ts';
import { newestSeq, revoking } from './suite/harness.ts';

type OnWrite = (kind: string, name: string | null) => void;

/** Puts something in the place of `fs.watch` for one test. */
function replaceWatch(
  t: TestContext,
  watch: (folder: string, options: object, it: OnWrite) => unknown,
) {
  const { mock } = t.mock.method(fs, 'watch', watch);
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
}

/** A watch of a database, named by a link to it. The database changes by hand, and time passes by hand. */
function openByHand(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'a.db'), '');
  const path = join(temporaryFolder(t), 'link.db');
  symlinkSync(join(folder, 'a.db'), path);
  let write: OnWrite = () => assert.fail('nothing is watched');
  const watcher = Object.assign(new EventEmitter(), { close: t.mock.fn() });
  replaceWatch(t, (watched, options, onWrite) => {
    assert.equal(watched, realpathSync(folder), 'where the link leads');
    assert.deepEqual(options, { persistent: false });
    write = onWrite;
    return watcher;
  });
  let version = 1;
  const readVersion = t.mock.fn(() => version);
  const onChange = t.mock.fn();
  const onFailure = t.mock.fn((_: StoreUnavailable) => {});
  const watch = new ChangeWatch({ path, readVersion, onChange, onFailure });
  watch.open();
  return {
    watch,
    watcher,
    onFailure,
    /** A file in the folder is written. */
    write: (name: string | null = 'a.db-wal') => write('change', name),
    commitByOther: () => {
      version += 1;
    },
    /** A timer that is set while another one runs starts at the end of that tick, so ticks are short. */
    pass(ms: number) {
      for (let i = 0; i < ms; i++) t.mock.timers.tick(1);
    },
    /** How often it has reported a change. */
    reports: () => onChange.mock.callCount(),
    /** How often it has asked SQLite. */
    looks: () => readVersion.mock.callCount(),
  };
}

suite('When the write-ahead log is written', () => {
  test('the start is reported as a change, because what came before is unknown', (t) => {
    const it = openByHand(t);
    assert.equal(it.reports(), 1);
    it.pass(1_000);
    assert.equal(it.reports(), 1);
  });

  test('a commit by another connection is reported immediately', (t) => {
    const it = openByHand(t);
    it.pass(1_000);
    it.commitByOther();
    it.write();
    assert.equal(it.reports(), 2);
  });

  test('a commit is reported though it becomes visible only after the write', (t) => {
    const it = openByHand(t);
    for (const ms of [1, 4, 30, 80]) {
      it.pass(1_000);
      const before = it.reports();
      it.write();
      it.pass(ms);
      assert.equal(it.reports(), before);
      it.commitByOther();
      it.pass(10);
      assert.equal(it.reports(), before + 1);
    }
  });

  test('a burst of commits is reported once in 10 ms, and the last of them too', (t) => {
    const it = openByHand(t);
    it.pass(1_000);
    for (let ms = 0; ms < 100; ms++) {
      for (let i = 0; i < 5; i++) {
        it.commitByOther();
        it.write();
      }
      assert.equal(it.reports(), 2 + Math.floor(ms / 10));
      it.pass(1);
    }
    it.pass(10);
    assert.equal(it.reports(), 12);
    it.pass(1_000);
    assert.equal(it.reports(), 12);
  });

  test('a commit 1 ms after one that was found by the last look waits for its 10 ms', (t) => {
    const it = openByHand(t);
    it.pass(1_000);
    it.write();
    const looks = it.looks();
    it.pass(95);
    const last = it.looks();
    it.commitByOther();
    it.pass(10);
    assert.equal(it.reports(), 2);
    assert.equal(it.looks(), last + 1);
    assert.ok(last > looks);
    it.commitByOther();
    it.write();
    assert.equal(it.reports(), 2);
    it.pass(10);
    assert.equal(it.reports(), 3);
  });

  test('writes of this process are not reported, and cost a look in 10 ms at most', (t) => {
    const it = openByHand(t);
    it.pass(1_000);
    const before = it.looks();
    for (let ms = 0; ms < 1_000; ms++) {
      for (let i = 0; i < 5; i++) it.write();
      it.pass(1);
    }
    assert.equal(it.reports(), 1);
    assert.ok(it.looks() - before < 110, `${it.looks() - before} looks`);
    it.pass(200);
    const after = it.looks();
    it.pass(10_000);
    assert.equal(it.looks(), after, 'nothing is left to run');
  });

  test('other files in the folder lead to no look', (t) => {
    const it = openByHand(t);
    it.pass(1_000);
    const before = it.looks();
    for (const name of ['a.db', 'a.db-shm', 'b.db-wal', 'secret', 'x.log']) it.write(name);
    it.pass(1_000);
    assert.equal(it.looks(), before);
    // Some systems do not say which file it was.
    it.write(null);
    assert.equal(it.looks(), before + 1);
  });

  test('after close nothing is looked at', (t) => {
    const it = openByHand(t);
    it.write();
    it.watch.close();
    const before = it.looks();
    it.pass(1_000);
    assert.equal(it.looks(), before);
    assert.equal(it.watcher.close.mock.callCount(), 1);
  });

  test('a watch that fails later says so once, and ends', (t) => {
    const it = openByHand(t);
    it.watcher.emit('error', Object.assign(new Error('gone'), { code: 'EPERM' }));
    it.watcher.emit('error', Object.assign(new Error('gone'), { code: 'EPERM' }));
    const [call, ...others] = it.onFailure.mock.calls;
    assert.deepEqual(others, []);
    assert.match(String(call?.arguments[0]), /cannot be watched \(EPERM\), .+ by polling only\.$/);
    const before = it.looks();
    it.pass(1_000);
    assert.equal(it.looks(), before);
  });
});

/** Subscribes, and waits for the report of the start. */
async function subscribe(store: Store) {
  const changes = new EventEmitter();
  const attempts: unknown[] = [];
  const next = () => once(changes, 'change', { signal: AbortSignal.timeout(10_000) });
  let reports = 0;
  const started = next();
  const unsubscribe = await store.subscribe?.(
    () => {
      reports += 1;
      changes.emit('change');
    },
    (error) => attempts.push(error),
  );
  assert.ok(unsubscribe);
  await started;
  // The thread answers in order.
  await store.ping();
  assert.deepEqual(attempts, [undefined]);
  return { next, unsubscribe, attempts, reports: () => reports };
}

for (const thread of ['worker', 'inline'] as const) {
  const open = async (t: TestContext, path: string): Promise<Store> => {
    const store = await openSqliteStore({ path, thread });
    t.after(() => store.close());
    return store;
  };

  suite(`${thread}: a store that is subscribed to`, () => {
    test('reports what another connection writes, and not what it writes itself', async (t) => {
      const path = join(temporaryFolder(t), 'a.db');
      const [store, other] = [await open(t, path), await open(t, path)];
      const subscription = await subscribe(store);
      for (let i = 0; i < 20; i++) await store.revokeToken({ jti: `own-${i}`, ...revoking() });
      const next = subscription.next();
      await other.revokeToken({ jti: 'foreign', ...revoking() });
      await next;
      assert.equal(subscription.reports(), 2, 'the start and the one commit');
      assert.equal(await newestSeq(store), 21);
    });

    test('reports nothing after its end', async (t) => {
      const path = join(temporaryFolder(t), 'a.db');
      const [store, other] = [await open(t, path), await open(t, path)];
      const ended = await subscribe(store);
      const going = await subscribe(store);
      await ended.unsubscribe();
      const before = ended.reports();
      const next = going.next();
      await other.recordEvent(anEvent());
      await next;
      assert.equal(ended.reports(), before);
    });

    test('survives the removal of its folder, and closes', async (t) => {
      const folder = temporaryFolder(t);
      const store = await open(t, join(folder, 'a.db'));
      const { attempts } = await subscribe(store);
      rmSync(folder, { recursive: true });
      await store.ping();
      assert.deepEqual(attempts, [undefined]);
      await store.close();
    });

    test('says why it hears of nothing, and works without', async (t) => {
      const folder = temporaryFolder(t);
      const store = await open(t, join(folder, 'a.db'));
      rmSync(folder, { recursive: true });
      const failed = Promise.withResolvers<unknown>();
      await store.subscribe?.(() => assert.fail('nothing can be heard'), failed.resolve);
      const error = await failed.promise;
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /^The folder of the database .+ cannot be watched \(ENOENT\)/);
      await store.ping();
    });
  });
}

test('where fs.watch throws, the reason is told with what can be done', async (t) => {
  const error = Object.assign(new Error('limit'), { code: 'ENOSPC' });
  replaceWatch(t, () => {
    throw error;
  });
  const store = await openSqliteStore({ path: join(temporaryFolder(t), 'a.db'), thread: 'inline' });
  t.after(() => store.close());
  const attempts: unknown[] = [];
  const unsubscribe = await store.subscribe?.(
    () => assert.fail('nothing can be heard'),
    (it) => attempts.push(it),
  );
  const [attempt, ...others] = attempts;
  assert.deepEqual(others, []);
  assert.ok(attempt instanceof StoreUnavailable);
  assert.match(attempt.message, /by polling only\. .+ raise fs\.inotify\.max_user_watches/);
  await store.recordEvent(anEvent());
  await unsubscribe?.();
});

test('a watch keeps no process alive', async (t) => {
  const store = await openSqliteStore({ path: join(temporaryFolder(t), 'a.db'), thread: 'inline' });
  t.after(() => store.close());
  const before = process.getActiveResourcesInfo();
  await subscribe(store);
  await store.recordEvent(anEvent());
  assert.deepEqual(process.getActiveResourcesInfo(), before);
});

test('a thread that takes the place of one that died reports changes too', async (t) => {
  const path = join(temporaryFolder(t), 'a.db');
  const started = once(process, 'worker') as Promise<[Worker]>;
  const store = await openSqliteStore({ path });
  t.after(() => store.close());
  const other = await openSqliteStore({ path, thread: 'inline' });
  t.after(() => other.close());
  const subscription = await subscribe(store);
  const [worker] = await started;
  await worker.terminate();
  // What came in between is unknown, so the start of the new thread is a change as well.
  const restarted = subscription.next();
  await store.ping();
  await restarted;
  const next = subscription.next();
  await other.recordEvent(anEvent());
  await next;
  assert.deepEqual(subscription.attempts, [undefined, undefined]);
});

test('a database in memory cannot be subscribed to: no other process writes to it', async (t) => {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  t.after(() => store.close());
  assert.equal(store.subscribe, undefined);
});
