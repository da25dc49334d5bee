import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createAuth } from '../../src/auth/create-auth.ts';
import { deriveKey, seal, unseal } from '../../src/auth/keys/sealing.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import { createTestRandom, openTestAuth, TEST_SETTINGS } from '../support/auth.ts';

suite('signing keys', () => {
  test('are made once, kept, and stored sealed', async () => {
    await using real = await openTestAuth();
    const { kid } = real.auth.keys.signing;
    await real.restart();
    assert.equal(real.auth.keys.signing.kid, kid);
    const { keys } = await real.store.readKeys();
    const [stored] = keys;
    assert.ok(stored !== undefined);
    assert.doesNotMatch(Buffer.from(stored.sealedPrivateJwk, 'base64url').toString(), /"d"|kty/);
    assert.doesNotMatch(JSON.stringify(stored), /"d\\?"/);
  });

  test('nodes that start at the same time agree on one', async () => {
    await using real = await openTestAuth({ algorithm: 'EdDSA' });
    const settings = { ...TEST_SETTINGS, algorithm: 'RS256' as const };
    const { store, hasher, clock } = real;
    const random = createTestRandom();
    const nodes = await Promise.all(
      [1, 2, 3].map(() => createAuth({ settings, store, hasher, clock, random })),
    );
    const algorithms = () => nodes.map(({ keys }) => keys.signing.algorithm);
    // The key of the new algorithm is published first, as any other.
    assert.deepEqual(algorithms(), ['EdDSA', 'EdDSA', 'EdDSA']);
    clock.step(600);
    assert.deepEqual(algorithms(), ['RS256', 'RS256', 'RS256']);
    assert.equal(new Set(nodes.map(({ keys }) => keys.signing.kid)).size, 1);
    // Tokens of the former algorithm are still accepted.
    assert.equal(nodes[0]?.keys.verification.length, 2);
  });

  test('a node with another secret does not start, and writes nothing', async () => {
    await using real = await openTestAuth();
    const settings = { ...TEST_SETTINGS, secret: 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB' };
    const { store, hasher, clock } = real;
    const attempt = createAuth({ settings, store, hasher, clock, random: createTestRandom() });
    await assert.rejects(
      attempt,
      (error) => error instanceof InvalidSetting && error.setting === 'LATCHKEY_SECRET',
    );
  });
});

suite('sealing', () => {
  const key = deriveKey(TEST_SETTINGS.secret, 'test');
  const sealed = seal(key, 'the text', 'context', createTestRandom());

  test('opens what it sealed', () => {
    assert.equal(unseal(key, sealed, 'context'), 'the text');
  });

  test('opens nothing else', () => {
    const other = deriveKey(TEST_SETTINGS.secret, 'another purpose');
    assert.throws(() => unseal(other, sealed, 'context'));
    assert.throws(() => unseal(key, sealed, 'another context'));
    assert.throws(() => unseal(key, sealed.slice(0, -4), 'context'));
    assert.throws(() => unseal(key, '', 'context'));
    const bytes = Buffer.from(sealed, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      assert.throws(() => unseal(key, flipped.toString('base64url'), 'context'), `byte ${at}`);
    }
  });
});
