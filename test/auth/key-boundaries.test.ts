import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { hashClientSecret, isClientSecret } from '../../src/auth/clients/client-key.ts';
import { findRemovable, needsSuccessor, planAbandonment } from '../../src/auth/keys/key-plans.ts';
import { findSigner, isAccepted } from '../../src/auth/keys/key-status.ts';
import type { StoredKey } from '../../src/auth/keys/stored-key.ts';

const now = Date.UTC(2026, 0, 1);
const SECOND = 1000;
const DAY = 86_400 * SECOND;

function aKey(changes: Partial<StoredKey> = {}): StoredKey {
  return {
    kid: 'a',
    algorithm: 'ES256',
    sealedPrivateJwk: '',
    createdAt: now - DAY,
    activeAt: now - DAY,
    retiredAt: null,
    revokedAt: null,
    ...changes,
  };
}

suite('the moment at which', () => {
  test('a retiring key is no longer accepted', () => {
    assert.ok(isAccepted(aKey({ retiredAt: now + 1 }), now));
    assert.ok(!isAccepted(aKey({ retiredAt: now }), now));
  });

  test('a key no longer signs, because its tokens would outlive it', () => {
    const lifetime = 900 * SECOND;
    const signs = (retiredAt: number) => findSigner([aKey({ retiredAt })], now, lifetime)?.kid;
    assert.equal(signs(now + lifetime + 1), 'a');
    assert.equal(signs(now + lifetime), undefined);
  });

  test('a key begins to sign', () => {
    assert.equal(findSigner([aKey({ activeAt: now })], now)?.kid, 'a');
    assert.equal(findSigner([aKey({ activeAt: now + 1 })], now), undefined);
  });

  test('a key needs a successor: one prepublication before the end of its interval', () => {
    const isDue = (age: number) =>
      needsSuccessor([aKey({ activeAt: now - age })], 'ES256', now, {
        intervalSeconds: 3600,
        prepublishSeconds: 600,
      });
    assert.ok(!isDue(3000 * SECOND - 1));
    assert.ok(isDue(3000 * SECOND));
    const never = { intervalSeconds: null, prepublishSeconds: 600 };
    assert.ok(!needsSuccessor([aKey({ activeAt: 0 })], 'ES256', now, never));
  });

  test('the key of an algorithm that no node uses any longer retires', () => {
    const maxDowntimeMs = 3600 * SECOND;
    const plan = (lastUse: number, activeAt = 0) =>
      planAbandonment([aKey({ activeAt })], new Map([['ES256', lastUse]]), {
        now,
        acceptForMs: DAY,
        maxDowntimeMs,
      });
    assert.deepEqual(plan(now - maxDowntimeMs + 1), []);
    assert.deepEqual(plan(now - maxDowntimeMs), [aKey({ activeAt: 0, retiredAt: now + DAY })]);
    assert.deepEqual(plan(0, now - maxDowntimeMs + 1), [], 'a node may be about to start with it');
  });

  test('a retired key is removed: a week later', () => {
    assert.deepEqual(findRemovable([aKey({ retiredAt: now - 7 * DAY + 1 })], now), []);
    assert.deepEqual(findRemovable([aKey({ retiredAt: now - 7 * DAY })], now), ['a']);
  });
});

test('the secret of a client is compared up to its last character', () => {
  const secret = 'x'.repeat(43);
  const hash = hashClientSecret(secret);
  assert.ok(isClientSecret(secret, hash));
  assert.ok(!isClientSecret(`${secret.slice(0, -1)}y`, hash));
  const last = hash.at(-1) === 'A' ? 'E' : 'A';
  assert.ok(!isClientSecret(secret, hash.slice(0, -1) + last));
  assert.ok(!isClientSecret(secret, hash.slice(0, -1)));
  assert.ok(!isClientSecret(secret, ''));
});
