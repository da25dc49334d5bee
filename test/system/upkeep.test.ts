import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import type { Auth } from '../../src/auth/auth.ts';
import type { Store } from '../../src/auth/ports.ts';
import { startUpkeep } from '../../src/system/upkeep.ts';
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
      exchangeFact: async () => ({ status: 'changed' }),
    } as unknown as Store,
    clock: new TestClock(),
    random: createTestRandom(),
    // No reading comes by itself.
    pollInterval: 3_600_000,
  });
  t.after(() => upkeep.stop());
  notify();
  assert.equal(finish.length, 1);
  // The reading under way may have begun before the entry that this one tells of.
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
