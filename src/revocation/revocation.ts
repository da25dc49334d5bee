/**
 * One entry of the append-only revocation log. Every verifier holds the live entries in memory.
 *
 * - `session`: no access token of session `subject` is accepted.
 * - `user`: no access token of user `subject` issued before token version `version` is accepted.
 *   Versions are counted, so setting a clock can neither revive nor revoke a token.
 * - `token`: the access token whose `jti` is `subject` is not accepted.
 * - `key`: no token signed by the key whose `kid` is `subject` is accepted.
 * - `keys`: revokes nothing. The signing keys have changed and must be read again. `subject` has the ids of the keys to
 *   expect, separated by spaces, or is empty if they were not named.
 */
export interface Revocation {
  /** Position in the log; grows with every entry. */
  readonly seq: number;
  readonly kind: 'session' | 'user' | 'token' | 'key' | 'keys';
  readonly subject: string;
  /** For `user`: the lowest version still accepted. 0 otherwise. */
  readonly version: number;
  /** When the last token that it affects has surely expired, in ms since the epoch. */
  readonly expiresAt: number;
}

/**
 * The `version` in the entry for a deleted user. It is above every version that a user can reach, so none of the user's
 * access tokens is accepted. It is a safe integer, because it is sent as JSON.
 */
export const NO_VERSION_ACCEPTED = Number.MAX_SAFE_INTEGER;
