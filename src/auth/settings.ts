import type { Algorithm } from '../jwt/algorithms.ts';
import type { SigningKey } from '../jwt/keys/key-types.ts';
import type { BeforeRegisterHook, BeforeSignInHook } from './hooks/host-hooks.ts';
import type { MailSettings } from './mail/mail-settings.ts';
import type { Session, User } from './model.ts';
import type { FieldRules } from './users/custom-fields.ts';
import type { RolePermissions } from './users/permissions.ts';

/** The settings of the domain. */
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
  /** Seconds an access token lives. */
  readonly accessTokenTtl: number;
  /** Seconds a session lives without a refresh, and with it its refresh token. */
  readonly refreshTokenTtl: number;
  /** Seconds the predecessor of a refresh token still works. 0: it never does. */
  readonly refreshGrace: number;
  /** Seconds a session lives, however often it is refreshed. */
  readonly sessionMaxAge: number;
  /** Live sessions per user. The least recently used one ends when one more starts. */
  readonly maxSessions: number;
  /** The name of the app, for people. No password may have a part of it. */
  readonly appName: string;
  /** Whether people may create accounts. The host's own code always may. */
  readonly registration: 'open' | 'closed';
  /** Characters a new password has at least. */
  readonly passwordMinLength: number;
  /** Characters a password has at most. */
  readonly passwordMaxLength: number;
  readonly mail: MailSettings;
  /** The host's own user fields. */
  readonly fields: FieldRules;
  /** Seconds audit events are kept; undefined: indefinitely. */
  readonly auditRetention: number | undefined;
  /** What roles permit. Access tokens carry it as `entitlements`. */
  readonly permissions: RolePermissions;
  /** How guessing is limited; false: not at all. */
  readonly limits: LimitSettings | false;
  readonly claims: ClaimsHook | undefined;
  readonly scopes: ScopesHook | undefined;
  readonly beforeRegister: BeforeRegisterHook | undefined;
  readonly beforeSignIn: BeforeSignInHook | undefined;
}

/** How guessing is limited. */
export interface LimitSettings {
  /** Whether loopback and private addresses are counted as all others. */
  readonly privateAddresses: boolean;
}

/** When signing keys are replaced. */
export interface KeyRotation {
  /** How long a key signs; null: until an operator rotates it. */
  readonly intervalSeconds: number | null;
  /** How long a key is published before it signs: more than twice as long as verifiers may cache the JWKS. */
  readonly prepublishSeconds: number;
  /** The same for an urgent rotation: as long as our own nodes need to read the new key. */
  readonly urgentLeadSeconds: number;
}

/**
 * Returns the host's own claims for an access token. Latchkey calls it at every sign-in and refresh, before it writes
 * anything, with the user and the session as stored. If it throws, the sign-in fails and nothing has changed. If the
 * user changes before the session is written, it is called again. It cannot replace the claims that Latchkey sets;
 * of the other registered claims it may add `nbf` only.
 *
 * ```ts
 * await app.register(latchkey, { claims: (user) => ({ tenant: user.profile['tenant'] }) });
 * ```
 */
export type ClaimsHook = (
  user: User,
  session: Session,
) => Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;

/** Returns the scopes a user may be granted. A sign-in can narrow them, never widen them. Names without spaces. */
export type ScopesHook = (user: User) => readonly string[] | Promise<readonly string[]>;

/** A key signs for 90 days and is published 10 minutes before; an urgent one, one second before. */
export const DEFAULT_KEY_ROTATION: KeyRotation = {
  intervalSeconds: 90 * 86_400,
  prepublishSeconds: 600,
  urgentLeadSeconds: 1,
};

/**
 * How long a revocation outlives the last token it affects. A node whose clock steps forward must not drop
 * revocations of tokens that are valid again when the clock steps back.
 */
export const REVOCATION_MARGIN_MS = 15 * 60 * 1000;
