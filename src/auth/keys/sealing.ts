import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import type { Random } from '../../kernel/random.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Derives the key for one purpose from a key for several, so that one derived key reveals nothing about another.
 * @see RFC 5869
 */
export function deriveKey(secret: string | Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', purpose, 32));
}

/** Names a secret and reveals nothing that helps to guess it. */
export function createSecretFingerprint(secret: string): string {
  const key = deriveKey(secret, 'secret fingerprint v1');
  return createHmac('sha256', key).update('latchkey').digest('base64url');
}

/** Encrypts with AES-256-GCM; `context` must be the same to open it again. @returns base64url */
export function seal(key: Buffer, plaintext: string, context: string, random: Random): string {
  const iv = Buffer.from(random.bytes(IV_BYTES));
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url');
}

/** Opens what {@link seal} made. @throws when the key or the context is not the same, or a bit was changed */
export function unseal(key: Buffer, sealed: string, context: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const body = bytes.subarray(IV_BYTES, -TAG_BYTES);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
}
