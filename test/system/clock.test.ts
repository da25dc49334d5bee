import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStopwatch } from '../../src/kernel/clock.ts';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';

test('the system clock tells milliseconds since the epoch', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_123 });
  assert.equal(systemClock.now(), 1_700_000_000_123);
});

test('the system clock measures durations by a clock that cannot be set', (t) => {
  const start = systemClock.elapsed();
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const elapsed = systemClock.elapsed() - start;
  assert.ok(elapsed >= 0 && elapsed < 60_000, `${elapsed} ms`);
});

test('a stopwatch on a clock without one counts the steps forward', () => {
  let now = 5_000;
  const elapsed = createStopwatch({ now: () => now });
  const start = elapsed();
  const told = [1_000, -3_600_000, 500, 0, 20_000].map((step) => {
    now += step;
    return elapsed() - start;
  });
  assert.deepEqual(told, [1_000, 1_000, 1_500, 1_500, 21_500]);
});

test('the system randomness gives as many bytes as asked for, never the same', () => {
  assert.equal(systemRandom.bytes(0).length, 0);
  const [one, two] = [systemRandom.bytes(32), systemRandom.bytes(32)];
  assert.equal(one.length, 32);
  assert.notDeepEqual(one, two);
});

test('no byte of the system randomness is given out twice, however much is taken', () => {
  const seen = new Set<string>();
  const lengths = [...Array(1000).fill(16), 4090, 16, 4096, 16, 5000, 16];
  for (const length of lengths) {
    const bytes = Buffer.from(systemRandom.bytes(length));
    assert.equal(bytes.length, length);
    for (let at = 0; at + 16 <= length; at += 16) seen.add(bytes.toString('hex', at, at + 16));
  }
  const taken = lengths.reduce((sum, length) => sum + Math.floor(length / 16), 0);
  assert.equal(seen.size, taken);
  assert.ok(!seen.has('0'.repeat(32)));
});
