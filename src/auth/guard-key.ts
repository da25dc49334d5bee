import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from './ports.ts';

/** The two parts of a guard's key: by which it is found, and by which it is proved. */
export interface GuardKey {
  readonly id: string;
  readonly secret: string;
}

const ID_BYTES = 8;
/** 256 bits: nobody finds it by trying. */
const SECRET_BYTES = 32;
const ID = /^[0-9a-f]{16}$/;
const SECRET = /^[\w-]{43}$/;
/** The prefix lets a scanner for leaked secrets know one when it sees one. */
const KEY = /^lkg_([0-9a-f]{16})_([\w-]{43})$/;

export function createGuardKey(random: Random): GuardKey {
  return {
    id: Buffer.from(random.bytes(ID_BYTES)).toString('hex'),
    secret: Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url'),
  };
}

/** The key as a guard sends it: `lkg_<id>_<secret>`. */
export function formatGuardKey({ id, secret }: GuardKey): string {
  return `lkg_${id}_${secret}`;
}

export function findGuardKey(text: string): GuardKey | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/**
 * The key out of a client id and secret: the id, and the secret part or the whole key of that id.
 * @see RFC 6749 section 2.3.1
 */
export function findGuardKeyOfClient(clientId: string, secret: string): GuardKey | undefined {
  const whole = findGuardKey(secret);
  if (whole !== undefined) return whole.id === clientId ? whole : undefined;
  return ID.test(clientId) && SECRET.test(secret) ? { id: clientId, secret } : undefined;
}

/**
 * What is stored of a key. One SHA-256 is enough where a password would need a slow hash: that one slows
 * down guessing, and 256 random bits cannot be guessed at any speed.
 */
export function hashGuardSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Takes as long wherever the two differ. */
export function isGuardSecret(secret: string, keyHash: string): boolean {
  const own = Buffer.from(hashGuardSecret(secret));
  const stored = Buffer.from(keyHash);
  return own.length === stored.length && timingSafeEqual(own, stored);
}
