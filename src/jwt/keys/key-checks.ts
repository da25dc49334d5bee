import { type KeyObject, sign, verify } from 'node:crypto';
import { KeyRefused } from '../../kernel/errors.ts';
import { type Algorithm, parametersOf } from '../algorithms.ts';
import type { JsonWebKey } from './key-material.ts';
import { findSecretWeakness } from './secret-strength.ts';

const MINIMUM_RSA_BITS = 2048;
const MINIMUM_RSA_EXPONENT = 65537n;

/** Asserts that a secret is strong enough for an HMAC algorithm. @throws {KeyRefused} */
export function assertSecret(secret: Uint8Array, algorithm: Algorithm, minimumBytes: number): void {
  const weakness = findSecretWeakness(secret, minimumBytes);
  if (weakness !== undefined) throw new KeyRefused('weak_key', `${algorithm}: ${weakness}`);
}

/** Asserts that a public or private key has the kind and the strength that its algorithm needs. @throws {KeyRefused} */
export function assertFits(key: KeyObject, algorithm: Algorithm): void {
  const parameters = parametersOf(algorithm);
  const details = key.asymmetricKeyDetails;
  switch (parameters.family) {
    case 'rsa':
      if (key.asymmetricKeyType !== 'rsa') throw wrongType(algorithm, 'an RSA key');
      assertRsaStrength(details?.modulusLength ?? 0, details?.publicExponent ?? 0n);
      return;
    case 'ec':
      // Else a point would be verified with the arithmetic of another curve.
      if (key.asymmetricKeyType !== 'ec' || details?.namedCurve !== parameters.namedCurve) {
        throw wrongType(algorithm, `an EC key on the curve ${parameters.crv}`);
      }
      return;
    case 'ed25519':
      if (key.asymmetricKeyType !== 'ed25519') throw wrongType(algorithm, 'an Ed25519 key');
      return;
    case 'hmac':
      throw wrongType(algorithm, 'a shared secret');
  }
}

function assertRsaStrength(bits: number, exponent: bigint): void {
  if (bits < MINIMUM_RSA_BITS) {
    throw new KeyRefused(
      'weak_key',
      `This RSA key has ${bits} bits and needs at least ${MINIMUM_RSA_BITS}. ` +
        'Make a new one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048',
    );
  }
  // With an exponent of 1 every text is its own signature, and small exponents have led to forgeries.
  if (exponent < MINIMUM_RSA_EXPONENT || exponent % 2n === 0n) {
    throw new KeyRefused(
      'weak_key',
      `The public exponent of this RSA key is not an odd number of at least ${MINIMUM_RSA_EXPONENT}. ` +
        'Make a new one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048',
    );
  }
}

/** The error for a key of the wrong kind. @param needed the right kind, with its article */
export function wrongType(algorithm: Algorithm, needed: string): KeyRefused {
  return new KeyRefused(
    'wrong_key_type',
    `${algorithm} needs ${needed}, and this is another kind of key. Give the right key or choose the ` +
      'algorithm that fits this one.',
  );
}

/** Asserts that a JWK was not made for another purpose. @throws {KeyRefused} @see RFC 7517 section 4 */
export function assertJwkPurpose(
  jwk: JsonWebKey,
  algorithm: Algorithm,
  operation: 'sign' | 'verify',
): void {
  const { alg, use, key_ops: operations } = jwk;
  if (alg !== undefined && alg !== algorithm && !(alg === 'Ed25519' && algorithm === 'EdDSA')) {
    throw new KeyRefused(
      'wrong_key_type',
      `This JWK is for another algorithm than ${algorithm}. Choose the algorithm its "alg" names.`,
    );
  }
  const usable = !Array.isArray(operations) || operations.includes(operation);
  if ((use !== undefined && use !== 'sig') || !usable) {
    throw new KeyRefused(
      'wrong_key_type',
      `This JWK is not meant to ${operation}: see its "use" and "key_ops". Give a key that is.`,
    );
  }
}

/**
 * Asserts that the signatures of a private key verify with its public half. Node.js before version 26 accepts a JWK whose
 * public half belongs to another key.
 * @throws {KeyRefused}
 */
export function assertPair(
  privateKey: KeyObject,
  publicKey: KeyObject,
  algorithm: Algorithm,
): void {
  if (isPair(privateKey, publicKey, parametersOf(algorithm).digest)) return;
  throw new KeyRefused(
    'invalid_key',
    'This key is damaged: its private and public half do not belong together. Export it again.',
  );
}

function isPair(privateKey: KeyObject, publicKey: KeyObject, digest: string | null): boolean {
  const probe = Buffer.from('latchkey: do the halves of this key belong together?');
  try {
    return verify(digest, probe, publicKey, sign(digest, probe, privateKey));
  } catch {
    return false;
  }
}
