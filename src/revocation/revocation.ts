/**
 * One entry of the append-only revocation log. Every verifier holds the live entries in memory.
 *
 * - `session`: no access token of session `subject` is accepted.
 * - `user`: no access token of user `subject` issued before token version `version` is accepted.
 *   Versions are counted, not timed, so a clock that steps can neither revive nor kill a token.
 * - `token`: the access token whose `jti` is `subject` is not accepted.
 * - `key`: no token signed by the key whose `kid` is `subject` is accepted.
 * - `keys`: revokes nothing; the signing keys have changed and must be read again. `subject` has the ids of the
 *   keys to expect, separated by spaces, or is empty where nobody named them.
 */
export interface Revocation {
  /** Position in the log; grows with every entry. */
  readonly seq: number;
  readonly kind: 'session' | 'user' | 'token' | 'key' | 'keys';
  readonly subject: string;
  /** For `user`: the lowest version still accepted. 0 otherwise. */
  readonly version: number;
  /** When the last token it could affect has surely expired: ms since the epoch. */
  readonly expiresAt: number;
}

/**
 * The `version` of the entry that a deleted user leaves: above every version a user can reach, so none
 * of its access tokens is accepted. A safe integer, for it travels as JSON.
 */
export const NO_VERSION_ACCEPTED = Number.MAX_SAFE_INTEGER;
