import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { backOffMs, spreadOut } from '../../src/kernel/timing/back-off.ts';

suite('A back-off', () => {
  const times = { firstMs: 50, longestMs: 1_000 };

  test('doubles from the first wait to the longest', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((failures) => backOffMs(failures, times));
    assert.deepEqual(waits, [50, 100, 200, 400, 800, 1_000, 1_000]);
  });

  test('is no wait before the first failure, and finite after very many', () => {
    assert.equal(backOffMs(0, times), 0);
    assert.equal(backOffMs(-1, times), 0);
    assert.equal(backOffMs(1e9, times), 1_000);
    assert.equal(backOffMs(1e9, { firstMs: 0, longestMs: 1_000 }), 0);
  });

  test('is spread between half of the wait and all of it', () => {
    assert.equal(
      spreadOut(100, () => 0),
      50,
    );
    assert.equal(
      spreadOut(100, () => 1),
      100,
    );
  });
});
