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

/** Whoever verifies with the public key that was configured would refuse every token of another pair. */
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
 * The secret of a deployment that keeps one secret only, its signing key: the same on every node that has
 * the key, however the key is written there. What is derived tells nothing about the key.
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

/** Where the secret is derived, a secret that does not open the database means another signing key. */
export function explainDerivedSecret(error: unknown): unknown {
  if (!(error instanceof InvalidSetting) || error.setting !== 'LATCHKEY_SECRET') return error;
  return new InvalidSetting(
    'signingKey',
    'is not the one from which the secret of this database is derived (deriveSecret).',
    'Set the former one. To replace it, first set LATCHKEY_SECRET to app.latchkey.settings.secret as it is under the former one.',
  );
}
