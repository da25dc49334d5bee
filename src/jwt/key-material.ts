import { createPublicKey, KeyObject, type webcrypto } from 'node:crypto';
import { decodeBase64url } from '../encoding/base64url.ts';
import { isJsonObject, parseJson } from '../encoding/json.ts';
import { decodeUtf8 } from '../encoding/utf8.ts';
import { KeyRefused } from '../errors.ts';

/** A JSON Web Key, with the members of RFC 7517 section 4 that matter here. */
export type JsonWebKey = webcrypto.JsonWebKey & { kid?: string };

/**
 * What a key can be given as: PEM, base64 of PEM (for `.env` files), PEM whose line ends were written as
 * `\n`, a JWK as an object or as JSON text, a `KeyObject`; for HMAC the secret itself, of which a string
 * means its UTF-8 bytes.
 */
export type KeyMaterial = string | Uint8Array | JsonWebKey | KeyObject;

/** Key material, told apart and not yet judged. */
export type KeySource =
  | { readonly form: 'pem'; readonly pem: string }
  | { readonly form: 'jwk'; readonly jwk: JsonWebKey }
  | { readonly form: 'object'; readonly key: KeyObject }
  | { readonly form: 'secret'; readonly secret: Buffer };

const PEM_BEGIN = '-----BEGIN ';

/** Reads material for RSA, EC and Ed25519. */
export function parseAsymmetricMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: material };
  const text = toText(material)?.trim();
  if (text === undefined) throw unreadable();
  return findKeyText(text) ?? findKeyText(decodeBase64(text)) ?? refuseUnreadable();
}

/**
 * Reads material for HMAC. A key pair's half, in whatever clothing, is never taken for a secret: with the
 * public key as the secret anyone could sign (algorithm confusion).
 */
export function parseSecretMaterial(material: KeyMaterial): KeySource {
  if (material instanceof KeyObject) return { form: 'object', key: material };
  if (!isText(material)) return { form: 'jwk', jwk: material };
  const text = toText(material);
  if (text?.trimStart().startsWith('{') === true) {
    const source = findKeyText(text.trim());
    if (source !== undefined) return source;
  }
  const secret = typeof material === 'string' ? Buffer.from(material, 'utf8') : toBuffer(material);
  if ((text !== undefined && isKeyPairText(text.trim())) || isPublicDer(secret)) {
    throw new KeyRefused(
      'wrong_key_type',
      'This is a key of a key pair, not a shared secret: whoever has the public half could sign. ' +
        'Choose an algorithm that fits the key, such as RS256 or ES256, or give a random secret.',
    );
  }
  return { form: 'secret', secret };
}

function isText(material: string | Uint8Array | JsonWebKey): material is string | Uint8Array {
  return typeof material === 'string' || material instanceof Uint8Array;
}

function toText(material: string | Uint8Array): string | undefined {
  return typeof material === 'string' ? material : decodeUtf8(material);
}

/** A copy, so that a caller who wipes or reuses its buffer does not change our key. */
function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function findKeyText(text: string | undefined): KeySource | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith(PEM_BEGIN)) {
    return { form: 'pem', pem: text.includes('\n') ? text : text.replaceAll('\\n', '\n') };
  }
  return text.startsWith('{') ? findJwkText(text) : undefined;
}

function findJwkText(text: string): KeySource | undefined {
  try {
    const jwk = parseJson(text);
    return isJsonObject(jwk) && typeof jwk['kty'] === 'string' ? { form: 'jwk', jwk } : undefined;
  } catch {
    return undefined;
  }
}

/** Lenient about line breaks and alphabets: this reads what an operator wrote, not a token. */
function decodeBase64(text: string): string | undefined {
  const compact = text.replace(/\s/g, '').replace(/=+$/, '');
  const bytes = decodeBase64url(compact.replaceAll('+', '-').replaceAll('/', '_'));
  return bytes === undefined ? undefined : decodeUtf8(bytes)?.trim();
}

function isKeyPairText(text: string): boolean {
  if (text.includes(PEM_BEGIN) || /^(ssh-|ecdsa-sha2-|sk-ssh-)/.test(text)) return true;
  if (decodeBase64(text)?.includes(PEM_BEGIN) === true) return true;
  return isPublicDer(Buffer.from(text, 'base64'));
}

function isPublicDer(bytes: Buffer): boolean {
  const SEQUENCE = 0x30;
  if (bytes[0] !== SEQUENCE) return false;
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      createPublicKey({ key: bytes, format: 'der', type });
      return true;
    } catch {
      // Not of this form.
    }
  }
  return false;
}

function unreadable(): KeyRefused {
  return new KeyRefused(
    'invalid_key',
    'This is not a key that can be read. Give a PEM text (-----BEGIN …), base64 of one, or a JWK.',
  );
}

function refuseUnreadable(): never {
  throw unreadable();
}
