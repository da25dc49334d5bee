import { type KeyObject, sign, verify } from 'node:crypto';
import { KeyRefused } from '../../kernel/errors.ts';
import { type Algorithm, parametersOf } from '../algorithms.ts';
import type { JsonWebKey } from './key-material.ts';
import { findSecretWeakness } from './secret-strength.ts';

const MINIMUM_RSA_BITS = 2048;
const MINIMUM_RSA_EXPONENT = 65537n;

/** Asserts that a secret may sign with this HMAC algorithm. */
export function assertSecret(secret: Uint8Array, algorithm: Algorithm, minimumBytes: number): void {
  const weakness = findSecretWeakness(secret, minimumBytes);
  if (weakness !== undefined) throw new KeyRefused('weak_key', `${algorithm}: ${weakness}`);
}

/** Asserts that a public or private key is of the kind and the strength its algorithm asks for. */
export function assertFits(key: KeyObject, algorithm: Algorithm): void {
  const parameters = parametersOf(algorithm);
  const details = key.asymmetricKeyDetails;
  switch (parameters.family) {
    case 'rsa':
      if (key.asymmetricKeyType !== 'rsa') throw wrongType(algorithm, 'an RSA key');
      assertRsaStrength(details?.modulusLength ?? 0, details?.publicExponent ?? 0n);
      return;
    case 'ec':
      // A point of another curve would be verified by another curve's arithmetic.
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
  // With an exponent of 1 every text is its own signature; small ones have a record of forgeries.
  if (exponent < MINIMUM_RSA_EXPONENT || exponent % 2n === 0n) {
    throw new KeyRefused(
      'weak_key',
      `The public exponent of this RSA key is not an odd number of at least ${MINIMUM_RSA_EXPONENT}. ` +
        'Make a new one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048',
    );
  }
}

export function wrongType(algorithm: Algorithm, due: string): KeyRefused {
  return new KeyRefused(
    'wrong_key_type',
    `${algorithm} needs ${due}, and this is another kind of key. Give the right key or choose the ` +
      'algorithm that fits this one.',
  );
}

/** Asserts that a JWK was not made for something else. */
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
 * Asserts that a private key's signatures verify with the public half that came with it. Node 26 finds out
 * by itself; before, a JWK that states another public half is read without complaint.
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
