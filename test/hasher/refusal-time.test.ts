import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createPasswordHasher } from '../../src/hasher/password-hasher.ts';
import { RefusalTime } from '../../src/hasher/refusal-time.ts';

suite('the time of a refusal', () => {
  test('is not longer if all hashes have one cost', () => {
    const refusals = new RefusalTime();
    assert.equal(refusals.findDelayMs(5), 0);
    for (const took of [5, 9, 7]) refusals.observe('argon2id', took);
    assert.equal(refusals.findDelayMs(5), 0);
  });

  test('is that of the most expensive hash, of which the slowest but one counts', () => {
    const refusals = new RefusalTime();
    refusals.observe('argon2id', 7);
    for (const took of [50, 900, 52]) refusals.observe('bcrypt', took);
    assert.equal(refusals.findDelayMs(7), 45);
    assert.equal(refusals.findDelayMs(60), 0);
    // What was long ago does not count.
    for (let at = 0; at < 14; at++) refusals.observe('bcrypt', 40);
    assert.equal(refusals.findDelayMs(7), 45);
    refusals.observe('bcrypt', 40);
    assert.equal(refusals.findDelayMs(7), 33);
  });

  test('is two seconds at most', () => {
    const refusals = new RefusalTime();
    refusals.observe('argon2id', 7);
    for (const took of [3_000, 3_000]) refusals.observe('bcrypt', took);
    assert.equal(refusals.findDelayMs(7), 1_993);
  });

  test('forgets hashes that are no longer stored, and asks for those it does not know', () => {
    const refusals = new RefusalTime();
    refusals.observe('argon2id', 7);
    refusals.observe('bcrypt', 50);
    assert.deepEqual(refusals.expect(['argon2id', 'bcrypt', 'older argon2id']), ['older argon2id']);
    assert.equal(refusals.findDelayMs(7), 43);
    refusals.expect(['argon2id']);
    assert.equal(refusals.findDelayMs(7), 0);
  });

  test('of a cheap hash is that of an expensive decoy, and a right password does not wait', async (t) => {
    const hasher = createPasswordHasher({ memoryCost: 8, timeCost: 1, threads: 1 });
    t.after(() => hasher.close());
    const hash = await hasher.hash('correct horse');
    const cheap = hasher.createDecoy?.(hash) ?? '';
    const expensive = `$2b$12$${'.'.repeat(53)}`;
    hasher.expectDecoys?.([cheap, expensive]);
    // Waits for the measurements that this began, as there is one thread.
    await hasher.verify(hash, 'correct horse');
    const timeOf = async (stored: string | null, password: string) => {
      const from = performance.now();
      const { ok } = await hasher.verify(stored, password, cheap);
      return { ok, ms: performance.now() - from };
    };
    const right = await timeOf(hash, 'correct horse');
    const wrong = await timeOf(hash, 'wrong');
    const unknown = await timeOf(null, 'correct horse');
    assert.deepEqual([right.ok, wrong.ok, unknown.ok], [true, false, false]);
    // bcrypt at cost 12 takes at least 100 ms on any machine of today.
    for (const { ms } of [wrong, unknown]) assert.ok(ms > 60, String(ms));
    assert.ok(right.ms < wrong.ms);
  });
});
