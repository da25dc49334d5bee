import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto';
import { InvalidSetting } from '../errors.ts';
import type { Random } from './ports.ts';

const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/**
 * A key for one purpose, derived from the one secret, so that what is learnt of one tells nothing of
 * another.
 * @see RFC 5869
 */
export function deriveKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', purpose, 32));
}

/** What may be stored to tell whether two nodes have the same secret. It does not help to guess it. */
export function createSecretFingerprint(secret: string): string {
  const key = deriveKey(secret, 'secret fingerprint v1');
  return createHmac('sha256', key).update('latchkey').digest('base64url');
}

/** @throws {InvalidSetting} when the database was set up with another secret */
export function assertSameSecret(secret: string, stored: string): void {
  const own = Buffer.from(createSecretFingerprint(secret));
  const theirs = Buffer.from(stored);
  if (own.length !== theirs.length || !timingSafeEqual(own, theirs)) {
    throw new InvalidSetting(
      'LATCHKEY_SECRET',
      'is not the secret this database was set up with, so its keys and sessions cannot be used.',
      'Set the secret that the other nodes use, or start with an empty database.',
    );
  }
}

/** Encrypts with AES-256-GCM; `context` must be the same to open it again. @returns base64url */
export function seal(key: Buffer, plaintext: string, context: string, random: Random): string {
  const iv = Buffer.from(random.bytes(IV_LENGTH));
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url');
}

/** Opens what {@link seal} made. @throws when the key or the context is another, or a bit was changed */
export function unseal(key: Buffer, sealed: string, context: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_LENGTH));
  const body = bytes.subarray(IV_LENGTH, -TAG_LENGTH);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
}
