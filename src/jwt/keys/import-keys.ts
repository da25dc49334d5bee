import {
  createHmac,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  generateKeySync,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { KeyRefused } from '../../kernel/errors.ts';
import { type Algorithm, isAlgorithm, parametersOf } from '../algorithms.ts';
import { createThumbprint } from './jwk.ts';
import { assertFits, assertPair } from './key-checks.ts';
import {
  type KeyMaterial,
  type KeySource,
  parseAsymmetricMaterial,
  parseSecretMaterial,
} from './key-material.ts';
import { readPrivateKey, readPublicKey, readSecret, withoutPrivate } from './key-reading.ts';
import type { SigningKey, VerificationKey } from './key-types.ts';

/**
 * Generates a key. It blocks: an EC or Ed25519 key takes well under a millisecond, an RSA key a few hundred.
 */
export function generateSigningKey(algorithm: Algorithm): SigningKey {
  const parameters = parametersOf(algorithm);
  switch (parameters.family) {
    case 'hmac': {
      const secret = generateKeySync('hmac', { length: parameters.minimumKeyBytes * 8 });
      return { kid: createSecretId(secret), algorithm, privateKey: secret, publicKey: secret };
    }
    case 'rsa':
      return named(
        algorithm,
        generateKeyPairSync('rsa', { modulusLength: parameters.modulusLength }),
      );
    case 'ec':
      return named(algorithm, generateKeyPairSync('ec', { namedCurve: parameters.namedCurve }));
    case 'ed25519':
      return named(algorithm, generateKeyPairSync('ed25519'));
  }
}

/** Generates a key without blocking: an RSA key is generated on another thread. */
export async function generateSigningKeyAside(algorithm: Algorithm): Promise<SigningKey> {
  const parameters = parametersOf(algorithm);
  if (parameters.family !== 'rsa') return generateSigningKey(algorithm);
  const { modulusLength } = parameters;
  return named(algorithm, await promisify(generateKeyPair)('rsa', { modulusLength }));
}

function named(
  algorithm: Algorithm,
  pair: { privateKey: KeyObject; publicKey: KeyObject },
): SigningKey {
  return { kid: createThumbprint(pair.publicKey), algorithm, ...pair };
}

/**
 * Reads a key to sign with. It refuses weak keys (HMAC secrets that are well known or shorter than the hash, RSA under
 * 2048 bits), keys of another kind than the algorithm needs, public keys, and encrypted keys.
 *
 * @param material see {@link KeyMaterial}
 * @param kid the id of the key in token headers. Default: the JWK's `kid`, else the RFC 7638 thumbprint; for HMAC an id
 *   that helps to guess the secret no more than a token does
 * @throws {KeyRefused} with a message that says what to do and never quotes the key
 * @see RFC 7517, RFC 7518 sections 3.2 and 3.3, RFC 8725 section 3.5
 */
export function importSigningKey(
  material: KeyMaterial,
  algorithm: Algorithm,
  kid?: string,
): SigningKey {
  assertAlgorithm(algorithm);
  const parameters = parametersOf(algorithm);
  if (parameters.family === 'hmac') {
    const source = parseSecretMaterial(material);
    const secret = readSecret(source, algorithm, parameters.minimumKeyBytes, 'sign');
    return {
      kid: chooseKid(kid, source) ?? createSecretId(secret),
      algorithm,
      privateKey: secret,
      publicKey: secret,
    };
  }
  const source = parseAsymmetricMaterial(material);
  const privateKey = readPrivateKey(source, algorithm);
  assertFits(privateKey, algorithm);
  const publicKey = createPublicKey(privateKey);
  // A JWK contains its public half as well.
  const stated =
    source.form === 'jwk' ? readPublicKey(withoutPrivate(source.jwk), algorithm) : publicKey;
  assertPair(privateKey, stated, algorithm);
  return {
    kid: chooseKid(kid, source) ?? createThumbprint(publicKey),
    algorithm,
    privateKey,
    publicKey,
  };
}

/**
 * Reads a key to verify with: a public key, or the public half of a private one; for HMAC the secret. It refuses what
 * {@link importSigningKey} refuses, except public keys.
 * @throws {KeyRefused}
 */
export function importVerificationKey(
  material: KeyMaterial,
  algorithm: Algorithm,
  kid?: string,
): VerificationKey {
  assertAlgorithm(algorithm);
  const parameters = parametersOf(algorithm);
  if (parameters.family === 'hmac') {
    const source = parseSecretMaterial(material);
    const key = readSecret(source, algorithm, parameters.minimumKeyBytes, 'verify');
    return { kid: chooseKid(kid, source) ?? createSecretId(key), algorithm, key };
  }
  const source = parseAsymmetricMaterial(material);
  const key = readPublicKey(source, algorithm);
  assertFits(key, algorithm);
  return { kid: chooseKid(kid, source) ?? createThumbprint(key), algorithm, key };
}

/** Returns the half of a signing key that verifies. For HMAC that is the secret itself: keep it secret. */
export function toVerificationKey(key: SigningKey): VerificationKey {
  return { kid: key.kid, algorithm: key.algorithm, key: key.publicKey };
}

function assertAlgorithm(algorithm: string): void {
  if (isAlgorithm(algorithm)) return;
  throw new KeyRefused(
    'wrong_key_type',
    'This is not an algorithm Latchkey signs with. Choose ES256, EdDSA, RS256, PS256 or HS256.',
  );
}

function chooseKid(kid: string | undefined, source: KeySource): string | undefined {
  const chosen = kid ?? (source.form === 'jwk' ? source.jwk.kid : undefined);
  if (chosen === undefined) return undefined;
  if (typeof chosen === 'string' && /^[\x21-\x7e]{1,128}$/.test(chosen)) return chosen;
  throw new KeyRefused(
    'invalid_key',
    'A key id ("kid") has 1 to 128 visible ASCII characters and no space. Choose another.',
  );
}

/** Creates an id for a secret. It helps to guess the secret no more than any token signed with it does. */
function createSecretId(secret: KeyObject): string {
  const mac = createHmac('sha256', secret).update('latchkey key id').digest();
  return mac.subarray(0, 16).toString('base64url');
}
