import { createHash, type KeyObject } from 'node:crypto';
import { KeyRefused } from '../../kernel/errors.ts';
import { isSymmetric } from '../algorithms.ts';
import type { JsonWebKey } from './key-material.ts';
import type { SigningKey, VerificationKey } from './key-types.ts';

/** A public key as the JWKS shows it. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid: string;
  readonly alg: string;
  readonly use: 'sig';
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

/** A JSON Web Key Set. @see RFC 7517 section 5 */
export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

/** The public members of a key, in the order of RFC 7638, which is that of the alphabet. */
function publicMembers(key: KeyObject): Omit<PublicJwk, 'kid' | 'alg' | 'use'> {
  // Members are picked by name, so that nothing private can slip through.
  const { kty, crv, e, n, x, y } = key.export({ format: 'jwk' });
  if (kty === 'RSA' && e !== undefined && n !== undefined) return { e, kty, n };
  if (kty === 'EC' && crv !== undefined && x !== undefined && y !== undefined) {
    return { crv, kty, x, y };
  }
  if (kty === 'OKP' && crv !== undefined && x !== undefined) return { crv, kty, x };
  throw new KeyRefused('wrong_key_type', 'This key has no public half to publish.');
}

/**
 * The SHA-256 thumbprint of a public key: the same for the same key on every machine.
 * @see RFC 7638 section 3
 */
export function createThumbprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(publicMembers(publicKey)))
    .digest('base64url');
}

/**
 * A key's public half as a JWK with `use: "sig"`, `alg` and `kid`.
 * @throws {KeyRefused} for HMAC, whose only half is secret; ask `isSymmetric` first
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
 * The key set to publish. HMAC keys are left out: they are secret.
 * @see RFC 7517 section 5
 */
export function toJwks(keys: readonly (SigningKey | VerificationKey)[]): Jwks {
  return { keys: keys.filter((key) => !isSymmetric(key.algorithm)).map(toPublicJwk) };
}

/** The whole key, private part included, as a JWK with `alg` and `kid`. Seal it before it is stored. */
export function exportPrivateJwk(key: SigningKey): JsonWebKey {
  return { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, alg: key.algorithm };
}
