import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import type { Auth } from '../../src/auth/auth.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { startUpkeep } from '../../src/system/background-jobs.ts';
import {
  type BackgroundReport,
  createReporter,
  printBackgroundReport,
} from '../../src/system/background-report.ts';
import { createTestRandom, TestClock } from '../support/auth.ts';

test('A notification that comes during a reading of the log causes another reading', async (t) => {
  const readings = new EventEmitter();
  const finish: (() => void)[] = [];
  let notify: () => void = () => assert.fail('the store was not subscribed to');
  const catchUp = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    finish.push(resolve);
    readings.emit('reading');
    return promise;
  };
  const upkeep = await startUpkeep({
    auth: { revocations: { catchUp } } as unknown as Auth,
    store: {
      subscribe: async (listener: () => void) => {
        notify = listener;
        return async () => {};
      },
      releaseLease: async () => {},
      compareAndSet: async ({ value }: { value: string }) => value,
    } as unknown as Store,
    clock: new TestClock(),
    random: createTestRandom(),
    // No reading comes by itself.
    pollInterval: 3_600_000,
    seals: false,
    onReport: ({ task }) => assert.fail(task),
  });
  t.after(() => upkeep.stop());
  notify();
  assert.equal(finish.length, 1);
  // The read in progress may have begun before the entry that this notification is about.
  notify();
  notify();
  assert.equal(finish.length, 1, 'never two at a time');
  // What does not come fails the test, and lets the file end.
  const second = once(readings, 'reading', { signal: AbortSignal.timeout(10_000) });
  finish[0]?.();
  await second;
  assert.equal(finish.length, 2);
  finish[1]?.();
});

/** Lets what was begun go on as far as it can without a timer. */
const settle = () => new Promise(setImmediate);

test('Each task in the background reports why it fails, once for each reason, and that it succeeds again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const reports: BackgroundReport[] = [];
  const failing: Record<string, Error | undefined> = {};
  const task = (name: string) => async () => {
    const error = failing[name];
    if (error !== undefined) throw error;
    return false;
  };
  let tell: (error?: unknown) => void = () => assert.fail('the store was not subscribed to');
  const upkeep = await startUpkeep({
    auth: {
      revocations: { catchUp: task('reading revocations') },
      maintain: task('maintenance'),
      purgeExpired: task('housekeeping'),
    } as unknown as Auth,
    store: {
      subscribe: async (_: () => void, onAttempt: (error?: unknown) => void) => {
        tell = onAttempt;
        return async () => {};
      },
      compareAndSet: async ({ value }: { value: string }) => value,
    } as unknown as Store,
    clock: new TestClock(),
    random: createTestRandom(),
    pollInterval: 1_000,
    seals: false,
    onReport: (report) => reports.push(report),
  });
  t.after(() => upkeep.stop());
  const runAll = async () => {
    tell(failing['listening for revocations']);
    for (let ms = 0; ms < 60_000; ms += 1_000) {
      t.mock.timers.tick(1_000);
      await settle();
    }
  };
  await runAll();
  assert.deepEqual(reports, []);
  for (const name of ['reading revocations', 'listening for revocations', 'maintenance']) {
    failing[name] = new StoreUnavailable('away');
    await runAll();
    await runAll();
    assert.deepEqual(reports.splice(0), [{ task: name, error: failing[name] }]);
    failing[name] = new TypeError('a mistake');
    await runAll();
    assert.deepEqual(reports.splice(0), [{ task: name, error: failing[name] }]);
    failing[name] = undefined;
    await runAll();
    await runAll();
    assert.deepEqual(reports.splice(0), [{ task: name, error: undefined }]);
  }
  // The lease and the removal are one task with the keys.
  failing['housekeeping'] = new StoreUnavailable('locked');
  await runAll();
  assert.deepEqual(reports, [{ task: 'maintenance', error: failing['housekeeping'] }]);
});

test('Reasons that alternate or never repeat fill no log', () => {
  let count = 0;
  const report = createReporter('maintenance', () => {
    count += 1;
  });
  for (let at = 0; at < 100; at++) report(new Error(at % 2 === 0 ? 'even' : 'odd'));
  assert.equal(count, 2);
  for (let at = 0; at < 100; at++) report(new Error(`number ${at}`));
  assert.equal(count, 10);
  report();
  report(new Error('even'));
  assert.equal(count, 12);
});

test('Where nothing else is asked for, the reason is on standard error, without what a token is', (t) => {
  const printed: string[] = [];
  t.mock.method(console, 'error', (text: string) => printed.push(text));
  const cause = new Error('SQLSTATE 42P01');
  const error = new StoreUnavailable('A table is missing.', { cause });
  printBackgroundReport({ task: 'maintenance', error });
  printBackgroundReport({ task: 'maintenance', error: new Error('for eyJhbGci.eyJzdWIi.c2ln') });
  printBackgroundReport({ task: 'maintenance', error: undefined });
  assert.equal(
    printed[0],
    'latchkey: the background task "maintenance" fails. StoreUnavailable: A table is missing.\nCaused by: Error: SQLSTATE 42P01',
  );
  assert.match(printed[1] ?? '', /fails\. \nError: for \[removed\]\n +at /);
  assert.equal(printed[2], 'latchkey: the background task "maintenance" succeeds again.');
});
