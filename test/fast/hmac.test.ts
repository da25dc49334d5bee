import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMac } from '../../src/fast/hmac.ts';
import { createPlainMac } from '../../src/fast/plain-hmac.ts';

const digests = ['sha256', 'sha384', 'sha512'] as const;

test('the HMAC equals that of node:crypto for every length of key and text', () => {
  for (const digest of digests) {
    for (const keyBytes of [1, 32, 63, 64, 65, 127, 128, 129, 300]) {
      const key = createSecretKey(randomBytes(keyBytes));
      const [mac, plainMac] = [createMac(digest, key), createPlainMac(digest, key)];
      for (const text of [
        '',
        'a',
        'é€🙂',
        'x'.repeat(8192),
        '€'.repeat(8192),
        'x'.repeat(8193),
        '€'.repeat(30_000),
      ]) {
        const what = `${digest}, ${keyBytes} bytes, ${text.length} characters`;
        assert.equal(mac(text), plainMac(text), what);
      }
    }
  }
});

test('one text does not affect the next, with several keys in use at the same time', () => {
  const pairs = digests.map((digest) => {
    const key = createSecretKey(randomBytes(48));
    return { mac: createMac(digest, key), plainMac: createPlainMac(digest, key) };
  });
  const text = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), text), { maxLength: 20 }), (calls) => {
      for (const [at, given] of calls) {
        assert.equal(pairs[at]?.mac(given), pairs[at]?.plainMac(given));
      }
    }),
  );
});
