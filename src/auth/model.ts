/** A user as the rest of the program may see it: no password hash, ever. Times are ms since the epoch. */
export interface User {
  /** UUIDv7. */
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  /** The host's own extra fields, as declared by its `fields` option. */
  readonly profile: Readonly<Record<string, unknown>>;
  readonly disabledAt: number | null;
  /** Since when the next sign-in must set a new password, or null: it need not. */
  readonly passwordChangeRequiredAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A user as stored. */
export interface UserRecord extends User {
  /** What makes the username unique: normalised and case-folded. */
  readonly usernameKey: string | null;
  readonly emailKey: string | null;
  /** PHC string (argon2id), or modular crypt (bcrypt) for imported users; null: cannot sign in by password. */
  readonly passwordHash: string | null;
  /** Token version: access tokens carry it, a `user` revocation names the lowest still accepted. */
  readonly tokenVersion: number;
}

/** Strips what must not leave the domain. */
export function toUser(record: UserRecord): User {
  const { usernameKey: _u, emailKey: _e, passwordHash: _p, tokenVersion: _v, ...user } = record;
  return user;
}

/**
 * One sign-in. The refresh token is a pure function of `id`, `userId`, `generation`, `rotatedAt`
 * and `expiresAt`; neither it nor a hash of it is stored.
 */
export interface Session {
  /** UUIDv7. */
  readonly id: string;
  readonly userId: string;
  /** Counts rotations, from 0. */
  readonly generation: number;
  readonly rotatedAt: number;
  readonly expiresAt: number;
  readonly createdAt: number;
  /** When the user last authenticated; ms since the epoch. A refresh does not change it. */
  readonly authTime: number;
  /** How the user authenticated: methods of RFC 8176, such as `pwd`. A refresh does not change it. */
  readonly amr: readonly string[];
  /** When the user last presented a second factor; ms since the epoch, or null: never. */
  readonly mfaTime: number | null;
  /**
   * The client that asked for tokens, or the `clientId` of the options where none did. Null: started before
   * sessions stored one.
   */
  readonly clientId: string | null;
  /** Space separated scopes the sign-in was narrowed to, or null for all the host grants. */
  readonly scope: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/**
 * What a client is. `guard`: a program that verifies tokens, reads the feed of revocations and introspects tokens.
 */
export type ClientKind = 'guard';

/** A program that proves who it is by a secret, as people may see it. Times are ms since the epoch. */
export interface Client {
  /** Random; part of the key, and the `client_id` of OAuth 2.0. */
  readonly id: string;
  readonly kind: ClientKind;
  /** Unique, for people. */
  readonly name: string;
  readonly createdAt: number;
  /** When the last of its earlier secrets ends, or null: only the present one is valid. */
  readonly oldSecretsEndAt: number | null;
}

/** A secret of a client, as stored. */
export interface ClientSecret {
  /** Random; says nothing about the secret. */
  readonly id: string;
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  readonly createdAt: number;
  /** From when it is refused; ms since the epoch, or null: it is the present one. */
  readonly endsAt: number | null;
}

/** A client, as stored. */
export interface ClientRecord extends Omit<Client, 'oldSecretsEndAt'> {
  /** The oldest first; those that have ended may be among them. */
  readonly secrets: readonly ClientSecret[];
}
