import { createHmac, type KeyObject } from 'node:crypto';

/** The hash functions of JWS signatures, as `node:crypto` names them. */
export type Digest = 'sha256' | 'sha384' | 'sha512';

/** Creates a function that returns the HMAC of a text (its UTF-8 bytes) in base64url. */
export type CreateMac = (digest: Digest, key: KeyObject) => (text: string) => string;

/** The HMAC of `node:crypto`. */
export const createPlainMac: CreateMac = (digest, key) => (text) =>
  createHmac(digest, key).update(text, 'utf8').digest('base64url');
