import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock, systemRandom } from '../../src/system/clock.ts';

it('the system clock tells milliseconds since the epoch', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_123 });
  assert.equal(systemClock.now(), 1_700_000_000_123);
});

it('the system randomness gives as many bytes as asked for, never the same', () => {
  assert.equal(systemRandom.bytes(0).length, 0);
  const [one, two] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  assert.equal(one.length, 32);
  assert.notDeepEqual(one, two);
});
