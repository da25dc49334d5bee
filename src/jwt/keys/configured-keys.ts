import { createPublicKey, type KeyObject } from 'node:crypto';
import { isJsonObject } from '../../kernel/encoding/json.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import { type Algorithm, isAlgorithm } from '../algorithms.ts';
import { importVerificationKey } from './import-keys.ts';
import {
  findKeySetText,
  type JsonWebKey,
  type KeyMaterial,
  type KeySource,
  parseAsymmetricMaterial,
  UNREADABLE,
} from './key-material.ts';
import type { VerificationKey } from './key-types.ts';
import { describeKnownMaterial } from './known-material.ts';

/** A key, a list of keys, or a JWKS as an object, as JSON text or as base64 of it. @see KeyMaterial */
export type KeysMaterial =
  | KeyMaterial
  | { readonly keys: readonly JsonWebKey[] }
  | readonly KeyMaterial[];

/**
 * Reads keys that the host configured. The default algorithm is the `alg` of a JWK, else it follows from the kind of key:
 * ES256, ES384, ES512, EdDSA, RS256, and HS256 for a JWK or a `KeyObject` that is a secret. Text and bytes count as a
 * secret only with an HS algorithm: otherwise each key that was copied badly would be a secret, and one that others know.
 * @param option the name of the option that holds the keys, for messages
 * @throws {KeyRefused} for a key that cannot be used, and if there is no key
 */
export function importConfiguredKeys(
  material: KeysMaterial,
  algorithm?: Algorithm,
  option = 'keys',
): VerificationKey[] {
  const list = isList(material)
    ? material.flatMap((each, at) => expand(each, `${option}[${at}]`))
    : expand(material, option);
  if (list.length === 0) {
    throw new KeyRefused('invalid_key', `${option}: there is no key. Give at least one.`);
  }
  return list.map(({ label, key }) => {
    try {
      return importVerificationKey(key, algorithm ?? chooseAlgorithm(key));
    } catch (error) {
      if (!(error instanceof KeyRefused)) throw error;
      throw new KeyRefused(error.code, `${label}: ${error.message}`);
    }
  });
}

/** A key, and its place in the option. */
interface LabelledKey {
  readonly label: string;
  readonly key: KeyMaterial;
}

function isList(material: KeysMaterial): material is readonly KeyMaterial[] {
  return Array.isArray(material);
}

/** Returns the keys of a JWKS one by one, and any other material as it is. */
function expand(
  material: Exclude<KeysMaterial, readonly KeyMaterial[]>,
  label: string,
): LabelledKey[] {
  const keys = findKeySetText(material) ?? findKeySet(material);
  if (keys === undefined) return [{ label, key: material as KeyMaterial }];
  return keys.map((key, at) => ({ label: `${label}.keys[${at}]`, key }));
}

function findKeySet(material: unknown): readonly JsonWebKey[] | undefined {
  const keys = isJsonObject(material) ? material['keys'] : undefined;
  return Array.isArray(keys) ? keys : undefined;
}

const EC_ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** Chooses the algorithm that fits a key. @throws {KeyRefused} for a value that is not recognisably a key */
function chooseAlgorithm(material: KeyMaterial): Algorithm {
  const source = recognise(material);
  if (source.form === 'object') return algorithmOf(source.key);
  if (source.form === 'jwk') {
    const { alg, kty } = source.jwk;
    if (isAlgorithm(alg)) return alg;
    if (kty === 'oct') return 'HS256';
  }
  try {
    if (source.form === 'pem') return algorithmOf(createPublicKey(source.pem));
    if (source.form === 'jwk') {
      return algorithmOf(createPublicKey({ key: source.jwk, format: 'jwk' }));
    }
  } catch {
    // Importing it as a key pair of any kind will say what is wrong with it.
  }
  return 'RS256';
}

function recognise(material: KeyMaterial): KeySource {
  try {
    return parseAsymmetricMaterial(material);
  } catch (error) {
    // For a PEM text that cannot be read, the message already says what is wrong.
    if (!(error instanceof KeyRefused) || error.message !== UNREADABLE) throw error;
    const isText = typeof material === 'string' || material instanceof Uint8Array;
    const known = isText ? describeKnownMaterial(material) : undefined;
    if (known !== undefined) {
      throw new KeyRefused(
        'invalid_key',
        `This looks like ${known}, and is not a key that can be read. Give the key itself, whole: PEM ` +
          '(-----BEGIN PUBLIC KEY-----), base64 of PEM, a JWK or a JWKS. To have the keys fetched, give the ' +
          'option issuer instead.',
      );
    }
    throw new KeyRefused(
      'invalid_key',
      'This is not a key that can be read: PEM (-----BEGIN PUBLIC KEY-----), base64 of PEM, a JWK or a ' +
        'JWKS. If it is a shared secret, say so with the option algorithm: "HS256".',
    );
  }
}

function algorithmOf(key: KeyObject): Algorithm {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return EC_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'ES256';
    case 'ed25519':
      return 'EdDSA';
    case undefined:
      return 'HS256';
    default:
      return 'RS256';
  }
}
