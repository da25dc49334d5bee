import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { PlacesLeft } from './limits.ts';
import type { SecretUse } from './one-time-secrets.ts';
import type { RevocationArgs, RevocationResult } from './revocations.ts';

/** The verbs for users and their passwords. */
export interface UserStore {
  /** Inserts a user, and the first session if there is one, in one transaction. */
  createUser(args: {
    user: UserRecord;
    session: Session | null;
    event: AuditEvent;
  }): Promise<{ status: 'created' } | { status: 'taken'; field: 'username' | 'email' }>;

  /** Finds a user by one of the three unique values. */
  findUser(
    by: { id: string } | { usernameKey: string } | { emailKey: string },
  ): Promise<UserRecord | undefined>;

  /**
   * Returns the password hashes of a sample of the users: of all of them if they are fewer than `places`, otherwise of
   * about as many. It takes the same short time however many users there are.
   * @param args `places`: random numbers from 0 to 1; a place of the table for each
   */
  samplePasswordHashes(args: { places: readonly number[] }): Promise<readonly string[]>;

  /** Lists users in the order of their ids. `after` is the last id of the previous page. */
  listUsers(args: { after: string | null; limit: number }): Promise<UserRecord[]>;

  /**
   * Replaces the hash if it still is `verifiedHash` (null: in any case), raises the token version, and ends every
   * session except `keep`. That one gets its next generation, and refresh tokens of earlier generations are void.
   * `start` is a session that starts with the new password. One-time secrets of the user end, apart from those whose
   * purpose outlives a password change. Raises the credential version, so the user's known devices become strangers.
   *
   * Finds nothing if the hash differs, if the session to `keep` has ended, if the one-time secret to `consume` is not
   * live, or if there is a session to `start` and the user is disabled.
   */
  changePassword(
    args: {
      userId: string;
      verifiedHash: string | null;
      newHash: string;
      keep: ({ sessionId: string } & SessionLifetime) | null;
      consume?: SecretUse;
      start?: { session: Session; event: AuditEvent };
      /** The attempt that succeeds in the same transaction. */
      places?: PlacesLeft;
      now: number;
    } & RevocationArgs,
  ): Promise<
    RevocationResult & {
      /** If a session was to be kept. */
      readonly kept?: { readonly session: Session; readonly user: UserRecord };
      /** If a session was to be started. */
      readonly user?: UserRecord;
    }
  >;

  /**
   * Ends all sessions, and lets none start until the user has changed the password, by {@link changePassword} with a
   * `verifiedHash` or a `consume`. Finds nothing if the user has no password.
   */
  requirePasswordChange(
    args: { userId: string; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /**
   * Replaces the roles and raises the token version. Sessions live on; access tokens issued before are refused. The
   * event gets the roles before and after.
   */
  setRoles(
    args: { userId: string; roles: readonly string[]; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Disables or enables a user. Disabling ends all sessions and raises the token version. */
  setDisabled(
    args: { userId: string; disabled: boolean; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /**
   * Removes a user with all sessions, one-time secrets, and the buckets of attempts with these keys. Audit events stay.
   * @returns `isPartial`: the user has too many sessions for one transaction. The user is disabled, all sessions have
   *   ended, and some were removed; call again
   */
  deleteUser(
    args: { userId: string; buckets?: readonly string[]; now: number } & RevocationArgs,
  ): Promise<RevocationResult & { readonly isPartial?: true }>;
}
