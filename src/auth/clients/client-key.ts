import { createHash } from 'node:crypto';
import { isSameSecret } from '../../kernel/encoding/same-secret.ts';
import type { Random } from '../../kernel/random.ts';

/** The two parts of a client's key: the id finds the client, and the secret authenticates it. */
export interface ClientKey {
  /** The id of the client. Not a secret. */
  readonly id: string;
  /** The secret half of the key. */
  readonly secret: string;
}

const ID_BYTES = 8;
/** 256 bits cannot be guessed. */
const SECRET_BYTES = 32;
const ID = /^[0-9a-f]{16}$/;
const SECRET = /^[\w-]{43}$/;
/** The prefix lets scanners for leaked secrets recognise a key. */
const KEY = /^lkg_([0-9a-f]{16})_([\w-]{43})$/;

/** A random id, for a client or for one of its secrets. */
export function createClientId(random: Random): string {
  return Buffer.from(random.bytes(ID_BYTES)).toString('hex');
}

/** Whether a text has the form of a client's id. */
export function isClientId(text: string): boolean {
  return ID.test(text);
}

/** Creates a random secret for a client. */
export function createClientSecret(random: Random): string {
  return Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
}

/** The key as a client sends it: `lkg_<id>_<secret>`. */
export function formatClientKey({ id, secret }: ClientKey): string {
  return `lkg_${id}_${secret}`;
}

/** Reads a key. @returns undefined if the text does not have the form of a key */
export function findClientKey(text: string): ClientKey | undefined {
  const [, id, secret] = KEY.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

/**
 * Makes a key of a client id and a client secret. The client secret is the secret part of the key, or the whole
 * key of that id.
 * @see RFC 6749 section 2.3.1
 */
export function combineClientKey(clientId: string, clientSecret: string): ClientKey | undefined {
  const whole = findClientKey(clientSecret);
  if (whole !== undefined) return whole.id === clientId ? whole : undefined;
  return isClientId(clientId) && SECRET.test(clientSecret)
    ? { id: clientId, secret: clientSecret }
    : undefined;
}

/**
 * Hashes a secret for the database. SHA-256 is enough: a password needs a slow hash because it can be guessed, and 256
 * random bits cannot.
 */
export function hashClientSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export function isClientSecret(secret: string, hash: string): boolean {
  return isSameSecret(hashClientSecret(secret), hash);
}
