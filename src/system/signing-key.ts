import { hkdfSync } from 'node:crypto';
import type { Algorithm } from '../jwt/algorithms.ts';
import { importSigningKey, importVerificationKey } from '../jwt/keys/import-keys.ts';
import type { KeyMaterial } from '../jwt/keys/key-material.ts';
import type { SigningKey } from '../jwt/keys/key-types.ts';
import { InvalidSetting, KeyRefused } from '../kernel/errors.ts';

/** The signing key as code may give it. */
export interface GivenSigningKey {
  readonly signingKey?: KeyMaterial | undefined;
  readonly publicKey?: KeyMaterial | undefined;
}

/**
 * @returns undefined where none is given
 * @throws {InvalidSetting}
 */
export function readSigningKey(
  { signingKey, publicKey }: GivenSigningKey,
  algorithm: Algorithm,
): SigningKey | undefined {
  if (signingKey === undefined) {
    if (publicKey === undefined) return undefined;
    throw new InvalidSetting(
      'publicKey',
      'is given without signingKey.',
      'Give the private key of this pair as signingKey, or remove publicKey.',
    );
  }
  const key = tryToImport('signingKey', () => importSigningKey(signingKey, algorithm));
  if (publicKey !== undefined) assertPublicHalf(key, publicKey, algorithm);
  return key;
}

/** A program that verifies with the configured public key would refuse every token of another pair. */
function assertPublicHalf(key: SigningKey, publicKey: KeyMaterial, algorithm: Algorithm): void {
  if (algorithm.startsWith('HS')) {
    throw new InvalidSetting(
      'publicKey',
      `is given with ${algorithm}, which has no public key.`,
      'Remove it, or choose an algorithm with a key pair, such as RS256 or ES256.',
    );
  }
  const given = tryToImport('publicKey', () => importVerificationKey(publicKey, algorithm));
  if (given.key.equals(key.publicKey)) return;
  throw new InvalidSetting(
    'publicKey',
    'does not belong to signingKey.',
    'Give both halves of one pair, or remove publicKey: it is derived from the private key.',
  );
}

function tryToImport<Key>(setting: string, read: () => Key): Key {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    throw new InvalidSetting(setting, 'cannot be used.', error.message);
  }
}

/**
 * The secret that the option `deriveSecret` derives, to be set as `LATCHKEY_SECRET` before the signing key is replaced.
 *
 * ```ts
 * console.log(deriveSecretFrom(process.env.JWT_PRIVATE_KEY, 'RS256'));
 * ```
 * @param signingKey as it is given to the option `signingKey`
 * @throws {InvalidSetting} for a key that cannot be used with the algorithm
 */
export function deriveSecretFrom(signingKey: KeyMaterial, algorithm: Algorithm): string {
  return deriveSecret(tryToImport('signingKey', () => importSigningKey(signingKey, algorithm)));
}

/**
 * Derives the secret for a deployment that keeps only one, its signing key. It is the same on every node that has
 * the key, in whatever form the key is written there, and reveals nothing about the key.
 * @see RFC 5869
 */
export function deriveSecret({ privateKey }: SigningKey): string {
  const bytes =
    privateKey.type === 'secret'
      ? privateKey.export()
      : privateKey.export({ type: 'pkcs8', format: 'der' });
  const derived = hkdfSync('sha256', bytes, '', 'latchkey secret from signing key v1', 32);
  return Buffer.from(derived).toString('base64url');
}

/** If the secret is derived and does not open the database, the signing key is another one. */
export function explainDerivedSecret(error: unknown): unknown {
  if (!(error instanceof InvalidSetting) || error.setting !== 'LATCHKEY_SECRET') return error;
  return new InvalidSetting(
    'signingKey',
    'is not the one from which the secret of this database is derived (deriveSecret).',
    'Set the former key. To replace it, first set LATCHKEY_SECRET to what deriveSecretFrom(formerKey, algorithm) of latchkey/server returns.',
  );
}
