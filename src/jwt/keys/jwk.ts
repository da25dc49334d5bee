import { createHash, type KeyObject } from 'node:crypto';
import { KeyRefused } from '../../kernel/errors.ts';
import { isSymmetric } from '../algorithms.ts';
import type { JsonWebKey } from './key-material.ts';
import type { SigningKey, VerificationKey } from './key-types.ts';

/** A public key in a JWKS. @see RFC 7517 section 4, RFC 7518 section 6 */
export interface PublicJwk {
  /** The type of the key; OKP is Ed25519. */
  readonly kty: 'RSA' | 'EC' | 'OKP';
  /** The id of the key, as in token headers. */
  readonly kid: string;
  /** The one algorithm of the key. */
  readonly alg: string;
  /** The key is for signatures. */
  readonly use: 'sig';
  /** For RSA: the modulus. */
  readonly n?: string;
  /** For RSA: the exponent. */
  readonly e?: string;
  /** For EC and OKP: the curve. */
  readonly crv?: string;
  /** For EC and OKP: the x coordinate, or the key. */
  readonly x?: string;
  /** For EC: the y coordinate. */
  readonly y?: string;
}

/** A JSON Web Key Set. @see RFC 7517 section 5 */
export interface Jwks {
  /** The keys. Empty if all of them are secret (HMAC). */
  readonly keys: readonly PublicJwk[];
}

/** The public members of a key in alphabetical order, as RFC 7638 requires for thumbprints. */
function publicMembers(key: KeyObject): Omit<PublicJwk, 'kid' | 'alg' | 'use'> {
  // Members are chosen by name, so that nothing private is published.
  const { kty, crv, e, n, x, y } = key.export({ format: 'jwk' });
  if (kty === 'RSA' && e !== undefined && n !== undefined) return { e, kty, n };
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) {
    return { crv, kty, x, y };
  }
  if (kty === 'OKP' && crv !== undefined && x !== undefined) return { crv, kty, x };
  throw new KeyRefused('wrong_key_type', 'This key has no public half to publish.');
}

/**
 * Creates the SHA-256 thumbprint of a public key, which is the same on every machine.
 * @see RFC 7638 section 3
 */
export function createThumbprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(publicMembers(publicKey)))
    .digest('base64url');
}

/**
 * Returns the public half of a key as a JWK with `use: "sig"`, `alg` and `kid`.
 * @throws {KeyRefused} for HMAC, whose only half is secret; check `isSymmetric` first
 */
export function toPublicJwk(key: SigningKey | VerificationKey): PublicJwk {
  const { kid, algorithm } = key;
  if (isSymmetric(algorithm)) {
    throw new KeyRefused(
      'wrong_key_type',
      `A key for ${algorithm} is secret and has no public half.`,
    );
  }
  const publicKey = 'key' in key ? key.key : key.publicKey;
  return { ...publicMembers(publicKey), kid, alg: algorithm, use: 'sig' };
}

/**
 * Creates the key set to publish, without HMAC keys, which are secret.
 * @see RFC 7517 section 5
 */
export function toJwks(keys: readonly (SigningKey | VerificationKey)[]): Jwks {
  return { keys: keys.filter((key) => !isSymmetric(key.algorithm)).map(toPublicJwk) };
}

/** Returns a key with its private part as a JWK with `alg` and `kid`. Seal it before you store it. */
export function exportPrivateJwk(key: SigningKey): JsonWebKey {
  return { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, alg: key.algorithm };
}
