import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeaderSegment, createSigner } from '../../src/jwt/jws.ts';
import { createJwtVerifier, type JwtVerifierOptions } from '../../src/jwt/jwt-verifier.ts';
import {
  generateSigningKey,
  importSigningKey,
  toVerificationKey,
} from '../../src/jwt/keys/import-keys.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import { TokenRefused } from '../../src/kernel/errors.ts';
import { encode, signSegments, tokenAttacks } from '../support/tokens.ts';
import { AUDIENCE, algorithms, claims, clock, ISSUER, keyFor, NOW } from './support.ts';

function verifierFor(key: SigningKey, options: Partial<JwtVerifierOptions> = {}) {
  return createJwtVerifier({
    keys: [toVerificationKey(key)],
    typ: 'at+jwt',
    issuer: ISSUER,
    audience: AUDIENCE,
    clock,
    ...options,
  });
}

for (const algorithm of algorithms) {
  const key = keyFor(algorithm);
  const verify = verifierFor(key);
  const token = createSigner(key, 'at+jwt')(claims);

  test(`${algorithm}: a signed token verifies`, () => assert.deepEqual(verify(token), claims));

  test(`${algorithm}: every known attack is refused, each with its code`, () => {
    for (const { name, token: forged, code } of tokenAttacks({ token, key })) {
      assert.throws(
        () => verify(forged),
        (error) => {
          assert.ok(error instanceof TokenRefused, `${name}: ${error}`);
          assert.equal(error.code, code, name);
          assert.ok(!/[\w-]{20,}/.test(error.message), `${name}: the message quotes the token`);
          return true;
        },
        name,
      );
    }
  });
}

test('a token is refused if its key is trusted for another algorithm', () => {
  const rs = keyFor('RS256');
  const ps = importSigningKey(rs.privateKey, 'PS256', rs.kid);
  assert.throws(() => verifierFor(ps)(createSigner(rs, 'at+jwt')(claims)), {
    code: 'token_untrusted',
  });
});

test('several keys are trusted together, each for its own tokens', () => {
  const keys = [keyFor('HS256'), keyFor('ES256'), keyFor('EdDSA'), generateSigningKey('ES256')];
  const verify = verifierFor(keyFor('HS256'), { keys: keys.map(toVerificationKey) });
  for (const key of keys) assert.deepEqual(verify(createSigner(key, 'at+jwt')(claims)), claims);
  assert.throws(() => verify(createSigner(generateSigningKey('ES256'), 'at+jwt')(claims)), {
    code: 'token_untrusted',
  });
});

test('two keys with one kid are refused, and the same key twice is not', () => {
  const [a, b] = [generateSigningKey('ES256'), generateSigningKey('ES256')].map(toVerificationKey);
  assert.ok(a && b);
  assert.throws(() => verifierFor(keyFor('HS256'), { keys: [a, { ...b, kid: a.kid }] }), {
    code: 'invalid_key',
  });
  verifierFor(keyFor('HS256'), { keys: [a, { ...a }] });
});

test('without keys every token is untrusted', () => {
  const verify = verifierFor(keyFor('HS256'), { keys: [] });
  assert.throws(() => verify(createSigner(keyFor('HS256'), 'at+jwt')(claims)), {
    code: 'token_untrusted',
  });
});

test('a value that is not a string is malformed', () => {
  const verify: (token: never) => unknown = verifierFor(keyFor('HS256'));
  for (const value of [undefined, null, 0, {}, [], ['a.b.c'], Buffer.from('a.b.c')]) {
    assert.throws(() => verify(value as never), { code: 'token_malformed' });
  }
});

const hs = keyFor('HS256');
const sign = createSigner(hs, 'at+jwt');
const verifyHs = verifierFor(hs);

test('characters outside of ASCII are refused at each place', () => {
  const token = sign(claims);
  for (const at of [0, 5, token.indexOf('.') + 3, token.length - 1]) {
    for (const shift of [0x100, 0xff00 - 0x20]) {
      const alike = String.fromCharCode(token.charCodeAt(at) + shift);
      const changed = token.slice(0, at) + alike + token.slice(at + 1);
      assert.throws(() => verifyHs(changed), TokenRefused);
    }
    assert.throws(() => verifyHs(`${token.slice(0, at)}\0${token.slice(at + 1)}`), TokenRefused);
    assert.throws(() => verifyHs(`${token.slice(0, at)} ${token.slice(at)}`), TokenRefused);
    assert.throws(() => verifyHs(`${token.slice(0, at)}\n${token.slice(at)}`), TokenRefused);
  }
});

test('the longest token is accepted, and one character more is refused', () => {
  const bytes = Buffer.byteLength(JSON.stringify({ ...claims, pad: '' }));
  /** A token of exactly this length. Not every length is possible with a key id of one length. */
  const createToken = (length: number) => {
    for (const kid of ['k', 'kk', 'kkk']) {
      const key = importSigningKey(hs.privateKey, 'HS256', kid);
      const header = createHeaderSegment(key, 'at+jwt');
      const room = length - header.length - 43 - 2;
      if (room % 4 === 1) continue;
      const payload = { ...claims, pad: 'x'.repeat(Math.floor((room * 3) / 4) - bytes) };
      const token = signSegments(key, header, encode(JSON.stringify(payload)));
      assert.equal(token.length, length);
      return { token, payload, sign: createSigner(key, 'at+jwt'), verify: verifierFor(key) };
    }
    throw new Error(`No token has ${length} characters.`);
  };
  const longest = createToken(8192);
  assert.equal(longest.sign(longest.payload), longest.token);
  assert.equal(longest.verify(longest.token).sub, claims.sub);
  const longer = createToken(8193);
  assert.throws(() => longer.sign(longer.payload), RangeError);
  assert.throws(() => longer.verify(longer.token), { code: 'token_malformed' });
  assert.throws(() => verifyHs('a'.repeat(10_000_000)), { code: 'token_malformed' });
});

test('expiry and nbf hold to the second, with 5 seconds of tolerance', () => {
  const at = (offset: number, options: Partial<JwtVerifierOptions> = {}) =>
    verifierFor(hs, { clock: { now: () => (NOW + offset) * 1000 }, ...options });
  const token = sign({ ...claims, exp: NOW + 60, nbf: NOW });
  assert.ok(at(-5)(token));
  assert.throws(() => at(-5.001)(token), { code: 'token_not_yet_valid' });
  assert.ok(at(64.999)(token));
  assert.throws(() => at(65)(token), { code: 'token_expired', message: /Refresh/ });
  assert.throws(() => at(60, { clockTolerance: 0 })(token), { code: 'token_expired' });
  assert.ok(at(119, { clockTolerance: 60 })(token));
  assert.ok(at(359, { clockTolerance: 300 })(token));
  assert.throws(() => at(Number.NaN)(token), { code: 'token_expired' });
  for (const clockTolerance of [
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    301,
    3600,
    '5' as never,
  ]) {
    assert.throws(() => verifierFor(hs, { clockTolerance }), RangeError);
  }
});

test('an iat in the future is accepted', () => {
  assert.ok(verifyHs(sign({ ...claims, iat: NOW + 600, exp: NOW + 1200 })));
});

test('fractions of a second and the bounds of dates are accepted', () => {
  assert.ok(verifyHs(sign({ ...claims, iat: 0, nbf: 0, exp: 253402300799 })));
  assert.ok(verifyHs(sign({ ...claims, iat: NOW - 0.5, exp: NOW + 0.25 })));
});

test('the audience may be one of several', () => {
  const aud = ['https://other.example', AUDIENCE];
  assert.deepEqual(verifyHs(sign({ ...claims, aud })).aud, aud);
});

test('members in any order and with white space are accepted: strict is not canonical', () => {
  const text = JSON.stringify(Object.fromEntries(Object.entries(claims).reverse()), null, 2);
  const token = signSegments(hs, createHeaderSegment(hs, 'at+jwt'), encode(text));
  assert.deepEqual(verifyHs(token), claims);
});
