/** A user, without the password hash. Times are ms since the epoch. */
export interface User {
  /** UUIDv7. */
  readonly id: string;
  /** As given, in Unicode NFC; null: the user has none. */
  readonly username: string | null;
  /** As given; null: the user has none. */
  readonly email: string | null;
  /** When the user proved to receive mail at the address; null: never. */
  readonly emailVerifiedAt: number | null;
  /** For display; null: the user has none. */
  readonly name: string | null;
  /** What access tokens carry in `roles`. */
  readonly roles: readonly string[];
  /** The host's own extra fields, as declared by its `fields` option. */
  readonly profile: Readonly<Record<string, unknown>>;
  /** Since when the user cannot sign in; null: the user is enabled. */
  readonly disabledAt: number | null;
  /** Since when the next sign-in must set a new password; null: it need not. */
  readonly passwordChangeRequiredAt: number | null;
  /** Since when the account has a second factor, which every sign-in asks for; null: it has none. */
  readonly secondFactorAt: number | null;
  /** When the user registered or was created; ms since the epoch. */
  readonly createdAt: number;
  /** When the user last changed. */
  readonly updatedAt: number;
}

/** A user as stored. */
export interface UserRecord extends User {
  /** The username, normalised and case-folded: unique. */
  readonly usernameKey: string | null;
  /** The email address, normalised and case-folded: unique. */
  readonly emailKey: string | null;
  /** PHC string (argon2id), or modular crypt (bcrypt) for imported users; null: the user cannot sign in by password. */
  readonly passwordHash: string | null;
  /** When the password stops working; null: it does not. Only a password that an administrator set expires. */
  readonly passwordExpiresAt: number | null;
  /** Access tokens carry it. A `user` revocation refuses all tokens with a lower one. */
  readonly tokenVersion: number;
  /** Counts the times the password was replaced. A device is known only for the version it signed in with. */
  readonly credentialVersion: number;
}

/** Removes what must not leave the domain. */
export function toUser(record: UserRecord): User {
  const {
    usernameKey: _u,
    emailKey: _e,
    passwordHash: _p,
    passwordExpiresAt: _x,
    tokenVersion: _t,
    credentialVersion: _c,
    ...user
  } = record;
  return user;
}

/**
 * One sign-in of one user. Times are ms since the epoch. The refresh token is computed from `id`, `userId`,
 * `generation`, `rotatedAt` and `expiresAt`; neither it nor a hash of it is stored.
 */
export interface Session {
  /** UUIDv7. */
  readonly id: string;
  /** The id of its user. */
  readonly userId: string;
  /** How often the refresh token was replaced, from 0. */
  readonly generation: number;
  /** When the refresh token was last replaced; at first, `createdAt`. */
  readonly rotatedAt: number;
  /** When the session ends unless it is refreshed. */
  readonly expiresAt: number;
  /** When the user signed in; ms since the epoch. */
  readonly createdAt: number;
  /** When the user last authenticated. A refresh does not change it. */
  readonly authTime: number;
  /** How the user authenticated: methods of RFC 8176, such as `pwd`. A refresh does not change it. */
  readonly amr: readonly string[];
  /** When the user last presented a second factor; null: never. */
  readonly mfaTime: number | null;
  /**
   * The client that asked for tokens, or the `clientId` of the options if none did. Null: an older version started
   * the session.
   */
  readonly clientId: string | null;
  /** Space-separated scopes the sign-in was narrowed to, or null for all that the host grants. */
  readonly scope: string | null;
  /** The network address of the sign-in; null if no request asked. */
  readonly address: string | null;
  /** The `User-Agent` header of the sign-in, at most 256 characters; null if there was none. */
  readonly userAgent: string | null;
}

/**
 * The kind of a client. `guard`: a program that verifies tokens, reads the feed of revocations and introspects tokens.
 */
export type ClientKind = 'guard';

/** A program that authenticates with a secret of its own. Times are ms since the epoch. */
export interface Client {
  /** Random; part of the key, and the `client_id` of OAuth 2.0. */
  readonly id: string;
  /** What the client may do. */
  readonly kind: ClientKind;
  /** A unique name, for people. */
  readonly name: string;
  /** When the client was created; ms since the epoch. */
  readonly createdAt: number;
  /** When the last of its earlier secrets ends; null: only the current one is valid. */
  readonly oldSecretsEndAt: number | null;
}

/** A secret of a client, as stored. Times are ms since the epoch. */
export interface ClientSecret {
  /** Random, and independent of the secret. */
  readonly id: string;
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  readonly createdAt: number;
  /** From when it is refused; null: it is the current one. */
  readonly endsAt: number | null;
}

/** A client, as stored. */
export interface ClientRecord extends Omit<Client, 'oldSecretsEndAt'> {
  /** The oldest first. Some may have ended. */
  readonly secrets: readonly ClientSecret[];
}
