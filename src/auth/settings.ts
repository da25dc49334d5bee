import type { Algorithm } from '../jwt/algorithms.ts';
import type { SigningKey } from '../jwt/keys/key-types.ts';
import type { Session, User } from './model.ts';
import type { FieldRules } from './users/custom-fields.ts';

/** What the domain needs to know. All durations are in seconds. */
export interface AuthSettings {
  /** `iss` of every token. */
  readonly issuer: string;
  /** `aud` of access tokens: one name or a list, as tokens carry it. */
  readonly audience: string | readonly string[];
  /** The client of sessions that start, the `client_id` of their access tokens. @see RFC 9068 section 2.2 */
  readonly clientId: string;
  readonly algorithm: Algorithm;
  /** At least 32 bytes. Opens the root keys, on which refresh tokens, stored keys and sealed data depend. */
  readonly secret: string;
  /** Signs access tokens instead of the keys in the database. */
  readonly signingKey: SigningKey | undefined;
  readonly keyRotation: KeyRotation;
  readonly accessTokenTtl: number;
  readonly refreshTokenTtl: number;
  readonly refreshGrace: number;
  /** How long a session lives, however often it is refreshed. */
  readonly sessionMaxAge: number;
  /** Live sessions per user. The least recently used one ends when one more starts. */
  readonly maxSessions: number;
  /** Characters. */
  readonly passwordMinLength: number;
  /** Characters. */
  readonly passwordMaxLength: number;
  readonly fields: FieldRules;
  /** How long audit events are kept; undefined: for ever. */
  readonly auditRetention: number | undefined;
  readonly claims: ClaimsHook | undefined;
  readonly scopes: ScopesHook | undefined;
}

/** When keys are replaced. All durations are in seconds. */
export interface KeyRotation {
  /** How long a key signs, or null: until somebody rotates it. */
  readonly interval: number | null;
  /** How long a key is published before it signs: more than twice what the JWKS may be kept for. */
  readonly lead: number;
  /** The same where it cannot wait: as long as our own nodes need to hear of it. */
  readonly notice: number;
}

/**
 * Adds the host's own claims to each access token. Called at every login and refresh with what is
 * stored at that moment, and before anything is written: where it throws, nobody is signed in and nothing
 * has changed. It is called again where the user was changed meanwhile. It cannot replace the claims Latchkey sets; of the registered ones it may
 * add `nbf` only.
 */
export type ClaimsHook = (
  user: User,
  session: Session,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;

/** The scopes a user may be given; a sign-in can narrow them, never widen them. */
export type ScopesHook = (user: User) => readonly string[] | Promise<readonly string[]>;

export const DEFAULT_KEY_ROTATION: KeyRotation = { interval: 90 * 86_400, lead: 600, notice: 1 };

/**
 * How long a revocation outlives the last token it could affect, in ms: a clock that steps forward
 * must not make a node forget what a step back would bring to life again.
 */
export const REVOCATION_MARGIN = 15 * 60 * 1000;
