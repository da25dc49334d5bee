import { KeyObject, type webcrypto } from 'node:crypto';
import { decodeBase64url } from '../../kernel/encoding/base64url.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../kernel/encoding/json.ts';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';
import { KeyRefused } from '../../kernel/errors.ts';
import { isPem, normalizePem } from './pem-text.ts';

/** A JSON Web Key. @see RFC 7517 section 4 */
export type JsonWebKey = webcrypto.JsonWebKey & {
  /** The id of the key, as in token headers. */
  kid?: string;
};

/**
 * A key: PEM, base64 of PEM (for `.env` files), PEM whose line breaks were lost or written as `\n`, a JWK as an object or
 * as JSON text, or a `KeyObject`. For HMAC the secret itself; a string stands for its UTF-8 bytes.
 */
export type KeyMaterial = string | Uint8Array | JsonWebKey | KeyObject;

/** The message for a value in none of the forms of a key. */
export const UNREADABLE =
  'This is not a key that can be read. Give a PEM text (-----BEGIN …), base64 of one, or a JWK.';

/** Key material in one of its forms, not yet checked. */
export type KeySource =
  | { readonly form: 'pem'; readonly pem: string }
  | { readonly form: 'jwk'; readonly jwk: JsonWebKey }
  | { readonly form: 'object'; readonly key: KeyObject }
  | { readonly form: 'secret'; readonly secret: Buffer };

/** Finds out the form of a key for RSA, EC or Ed25519. @throws {KeyRefused} */
export function parseAsymmetricMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: requireJwk(material) };
  const text = withoutQuotes(toText(material)?.trim());
  if (text === undefined) throw unreadable();
  return findKeyText(text) ?? findKeyText(decodeBase64(text)) ?? refuseUnreadable();
}

/**
 * Finds out the form of a key for HMAC. Text is the secret itself, unless it is a JWK. `readSecret` checks whether it is
 * strong enough.
 * @throws {KeyRefused}
 */
export function parseSecretMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: requireJwk(material) };
  const text = toText(material)?.trim();
  const jwk = text?.startsWith('{') === true ? findJwkText(text) : undefined;
  if (jwk !== undefined) return jwk;
  // A copy, so that our key does not change if the caller erases or reuses its buffer.
  return { form: 'secret', secret: Buffer.from(material as Uint8Array) };
}

/**
 * Finds the keys of a JWKS that is given as text: JSON, or base64 of it.
 * @returns undefined for everything else
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

/** Removes quotes: `docker run --env-file` keeps those that other readers of such files remove. */
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

/** Callers without types may give anything, such as a buffer of another kind. */
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

/** Decodes base64 of either alphabet, with or without line breaks and padding: an operator wrote it, not a stranger. */
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
