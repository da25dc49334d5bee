import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type CachedToken,
  VerifiedTokenCache,
} from '../../src/guard/verify/verified-token-cache.ts';

const value = (): CachedToken => ({
  claims: {
    iss: 'i',
    sub: 's',
    aud: 'a',
    exp: 2,
    iat: 1,
    client_id: 'c',
    jti: 'j',
    sid: 's',
    auth_time: 1,
  },
  validFrom: 0,
  validUntil: 1,
  epoch: 0,
});

/** A text that ends as a signature does: tokens are looked up by their ends. */
const tokenOf = (name: string | number) => `${name}.${hash('sha256', `${name}`, 'base64url')}`;

test('a token is found until it is deleted', () => {
  const cache = new VerifiedTokenCache();
  const entry = value();
  cache.add('token', entry);
  assert.equal(cache.find('token'), entry);
  assert.equal(cache.find('toke'), undefined);
  cache.delete('token');
  cache.delete('token');
  assert.equal(cache.find('token'), undefined);
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

test('the cache never exceeds its bounds in random lives, and counts its content correctly', () => {
  const step = fc.record({
    verb: fc.constantFrom('add', 'add', 'add', 'find', 'delete', 'clear'),
    token: fc.nat({ max: 30 }).map((n) => tokenOf(`${n}`.padEnd(1 + n * 20, 'x'))),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 300 }),
      fc.nat({ max: 8 }),
      fc.integer({ min: 0, max: 8000 }),
      (steps, maxEntries, maxBytes) => {
        const cache = new VerifiedTokenCache({ maxEntries, maxBytes });
        const added = new Map<string, CachedToken>();
        for (const { verb, token } of steps) {
          if (verb === 'add') {
            added.set(token, value());
            cache.add(token, added.get(token) ?? value());
          } else if (verb === 'find') {
            const found = cache.find(token);
            if (found !== undefined) assert.equal(found, added.get(token));
          } else if (verb === 'delete') {
            cache.delete(token);
            added.delete(token);
          } else {
            cache.clear();
            added.clear();
          }
          assert.ok(cache.size <= maxEntries && cache.bytes <= maxBytes);
          assert.equal(cache.bytes === 0, cache.size === 0);
        }
        const held = [...added.keys()].filter((token) => cache.find(token) !== undefined);
        assert.equal(held.length, cache.size);
      },
    ),
  );
});

test('two tokens whose signatures end alike are never confused', () => {
  const cache = new VerifiedTokenCache({ maxEntries: 10 });
  const tokens = Array.from({ length: 30 }, (_, at) => `${at}.payload.signature`);
  for (const token of tokens) {
    const entry = value();
    cache.add(token, entry);
    for (const other of tokens) {
      assert.equal(cache.find(other), other === token ? entry : undefined);
    }
    cache.delete(`${token}.signature`);
    assert.equal(cache.size, 1, 'only the token itself is deleted');
  }
  cache.delete(tokens.at(-1) ?? '');
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

test('a token that is too long to keep evicts nothing', () => {
  const cache = new VerifiedTokenCache({ maxBytes: 2000 });
  cache.add('short', value());
  cache.add(`${'x'.repeat(5000)}short`, value());
  assert.ok(cache.find('short'));
  assert.equal(cache.size, 1);
});

test('tokens in use survive a flood of tokens that come once', () => {
  const cache = new VerifiedTokenCache({ maxEntries: 100 });
  const used = Array.from({ length: 50 }, (_, index) => tokenOf(`used-${index}`));
  for (const token of used) cache.add(token, value());
  for (let flood = 0; flood < 5000; flood++) {
    cache.add(tokenOf(`once-${flood}`), value());
    const token = used[flood % 50] ?? '';
    assert.ok(cache.find(token), `${token} was evicted`);
  }
  assert.equal(cache.size, 100);
});

test('adding a token again replaces it', () => {
  const cache = new VerifiedTokenCache();
  const [first, second] = [value(), value()];
  cache.add('token', first);
  cache.add('token', second);
  assert.equal(cache.find('token'), second);
  assert.equal(cache.size, 1);
});

test('bounds that are not numbers are refused', () => {
  for (const wrong of [-1, Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new VerifiedTokenCache({ maxEntries: wrong }), RangeError);
    assert.throws(() => new VerifiedTokenCache({ maxBytes: wrong }), RangeError);
  }
});
