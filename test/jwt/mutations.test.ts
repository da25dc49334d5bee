import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Algorithm } from '../../src/jwt/algorithms.ts';
import { createSigner } from '../../src/jwt/jws.ts';
import { createJwtVerifier } from '../../src/jwt/jwt-verifier.ts';
import { toVerificationKey } from '../../src/jwt/keys/import-keys.ts';
import { TokenRefused } from '../../src/kernel/errors.ts';
import { AUDIENCE, claims, clock, ISSUER, keyFor } from './support.ts';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const anyCharacter = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...BASE64URL) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('.', '=', '+', '/', ' ', '\n', '\0', '%', 'é', 'Ł', '🙂'),
  },
);

type Parts = [header: string, payload: string, signature: string];
type Mutation = (parts: Parts, other: Parts) => string;

const part = fc.nat({ max: 2 });
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function within(parts: Parts, which: number, change: (text: string) => string): string {
  return parts.map((text, index) => (index === which ? change(text) : text)).join('.');
}

const mutations: Record<string, fc.Arbitrary<Mutation>> = {
  flip: fc.tuple(part, place, anyCharacter).map(
    ([which, at, character]) =>
      (parts) =>
        within(parts, which, (text) => {
          const index = Math.floor(at * text.length);
          return text.slice(0, index) + character + text.slice(index + 1);
        }),
  ),
  'flip a bit': fc.tuple(part, place, fc.nat({ max: 7 })).map(
    ([which, at, bit]) =>
      (parts) =>
        within(parts, which, (text) => {
          const bytes = Buffer.from(text, 'base64url');
          const index = Math.floor(at * bytes.length);
          bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
          return bytes.toString('base64url');
        }),
  ),
  truncate: fc.tuple(part, place).map(
    ([which, at]) =>
      (parts) =>
        within(parts, which, (text) => text.slice(0, Math.floor(at * text.length))),
  ),
  behead: fc.tuple(part, place).map(
    ([which, at]) =>
      (parts) =>
        within(parts, which, (text) => text.slice(1 + Math.floor(at * text.length))),
  ),
  extend: fc.tuple(part, fc.string({ unit: anyCharacter, minLength: 1, maxLength: 6 })).map(
    ([which, more]) =>
      (parts) =>
        within(parts, which, (text) => text + more),
  ),
  insert: fc.tuple(place, anyCharacter).map(([at, character]) => (parts) => {
    const token = parts.join('.');
    const index = Math.floor(at * token.length);
    return token.slice(0, index) + character + token.slice(index);
  }),
  're-encode': fc
    .tuple(part, fc.constantFrom<BufferEncoding>('base64', 'hex', 'utf8', 'latin1'))
    .map(
      ([which, encoding]) =>
        (parts) =>
          within(parts, which, (text) => Buffer.from(text, 'base64url').toString(encoding)),
    ),
  'encode again': part.map(
    (which) => (parts) => within(parts, which, (text) => Buffer.from(text).toString('base64url')),
  ),
  'percent-encode': part.map(
    (which) => (parts) =>
      within(parts, which, (text) => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`),
  ),
  'swap with another token': fc
    .subarray([0, 1, 2] as const, { minLength: 1, maxLength: 2 })
    .map((which) => (parts, other) => {
      // Header apart: both tokens have the same, and a token whose every other part came along is whole.
      const swapped = parts.map((text, index) =>
        which.some((chosen) => chosen === index) ? other[index] : text,
      );
      return swapped.join('.');
    }),
  'swap parts': fc
    .shuffledSubarray([0, 1, 2], { minLength: 2 })
    .map((order) => (parts) => order.map((index) => parts[index]).join('.')),
  'other case': part.map((which) => (parts) => within(parts, which, (text) => text.toLowerCase())),
};

for (const algorithm of ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'] satisfies Algorithm[]) {
  const key = keyFor(algorithm);
  const sign = createSigner(key, 'at+jwt');
  const verify = createJwtVerifier({
    keys: [toVerificationKey(key)],
    typ: 'at+jwt',
    issuer: ISSUER,
    audience: AUDIENCE,
    clock,
  });
  const tokens = [sign(claims), sign({ ...claims, sub: 'another', roles: ['admin'] })];
  const [own, other] = tokens.map((token): Parts => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    return [header, payload, signature];
  });
  assert.ok(own && other);

  for (const [name, arbitrary] of Object.entries(mutations)) {
    test(`${algorithm}: ${name}: refused unless it is one of the two tokens`, () => {
      fc.assert(
        fc.property(arbitrary, (mutate) => {
          const mutated = mutate(own, other);
          if (tokens.includes(mutated)) return;
          assert.throws(() => verify(mutated), TokenRefused);
        }),
        { numRuns: 150 },
      );
    });
  }

  test(`${algorithm}: any other text is refused`, () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 300 }), (text) => {
        assert.throws(() => verify(text), TokenRefused);
        assert.throws(() => verify(`${own[0]}.${text}`), TokenRefused);
      }),
      { numRuns: 150 },
    );
  });
}
