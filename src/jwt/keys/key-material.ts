import { KeyObject, type webcrypto } from 'node:crypto';
import { decodeBase64url } from '../../kernel/encoding/base64url.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../kernel/encoding/json.ts';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import { isPem, normalizePem } from './pem-text.ts';

/** A JSON Web Key, with the members of RFC 7517 section 4 that matter here. */
export type JsonWebKey = webcrypto.JsonWebKey & { kid?: string };

/**
 * What a key can be given as: PEM, base64 of PEM (for `.env` files), PEM whose line breaks were lost or
 * written as `\n`, a JWK as an object or as JSON text, a `KeyObject`; for HMAC the secret itself, of which a string
 * means its UTF-8 bytes.
 */
export type KeyMaterial = string | Uint8Array | JsonWebKey | KeyObject;

/** For what has no form that a key has: nothing more can be said of it here. */
export const UNREADABLE =
  'This is not a key that can be read. Give a PEM text (-----BEGIN …), base64 of one, or a JWK.';

/** Key material, told apart and not yet judged. */
export type KeySource =
  | { readonly form: 'pem'; readonly pem: string }
  | { readonly form: 'jwk'; readonly jwk: JsonWebKey }
  | { readonly form: 'object'; readonly key: KeyObject }
  | { readonly form: 'secret'; readonly secret: Buffer };

/** Reads material for RSA, EC and Ed25519. */
export function parseAsymmetricMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: requireJwk(material) };
  const text = withoutQuotes(toText(material)?.trim());
  if (text === undefined) throw unreadable();
  return findKeyText(text) ?? findKeyText(decodeBase64(text)) ?? refuseUnreadable();
}

/**
 * Reads material for HMAC. Text is the secret itself, unless it is a JWK; whether it may be one is for
 * `readSecret` to judge.
 */
export function parseSecretMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: requireJwk(material) };
  const text = toText(material)?.trim();
  const jwk = text?.startsWith('{') === true ? findJwkText(text) : undefined;
  if (jwk !== undefined) return jwk;
  // A copy, so that a caller who wipes or reuses its buffer does not change our key.
  return { form: 'secret', secret: Buffer.from(material as Uint8Array) };
}

/**
 * Finds the keys of a JWKS that is given as text: JSON, or base64 of it.
 * @returns undefined for all else
 */
export function findKeySetText(material: unknown): readonly JsonWebKey[] | undefined {
  if (!isText(material)) return undefined;
  const text = toText(material)?.trim();
  if (text === undefined) return undefined;
  for (const json of text.startsWith('{') ? [text] : [decodeBase64(text)]) {
    const keys = json?.startsWith('{') === true ? findObject(json)?.['keys'] : undefined;
    if (Array.isArray(keys)) return keys;
  }
  return undefined;
}

/** `docker run --env-file` keeps the quotes that other readers of such files take off. */
function withoutQuotes(text: string | undefined): string | undefined {
  const [, , inner] = /^(['"])([\s\S]*)\1$/.exec(text ?? '') ?? [];
  return inner?.trim() ?? text;
}

function isText(material: unknown): material is string | Uint8Array {
  return typeof material === 'string' || material instanceof Uint8Array;
}

function toText(material: string | Uint8Array): string | undefined {
  return typeof material === 'string' ? material : decodeUtf8(material);
}

/** For callers without types: an address object, a promise or a buffer of another kind is not a JWK. */
function requireJwk(material: unknown): JsonWebKey {
  if (isJsonObject(material) && !ArrayBuffer.isView(material)) return material;
  throw unreadable();
}

function findKeyText(text: string | undefined): KeySource | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('{')) return findJwkText(text);
  return isPem(text) ? { form: 'pem', pem: normalizePem(text) } : undefined;
}

function findJwkText(text: string): KeySource | undefined {
  const jwk = findObject(text);
  return typeof jwk?.['kty'] === 'string' ? { form: 'jwk', jwk } : undefined;
}

function findObject(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function decodeBase64(text: string): string | undefined {
  const bytes = decodeBase64Leniently(text);
  return bytes === undefined ? undefined : decodeUtf8(bytes)?.trim();
}

/** Lenient about line breaks, padding and alphabets: this reads what an operator wrote, not a token. */
export function decodeBase64Leniently(text: string): Buffer | undefined {
  const compact = text.replace(/\s/g, '').replace(/=+$/, '');
  return decodeBase64url(compact.replaceAll('+', '-').replaceAll('/', '_'));
}

function unreadable(): KeyRefused {
  return new KeyRefused('invalid_key', UNREADABLE);
}

function refuseUnreadable(): never {
  throw unreadable();
}
