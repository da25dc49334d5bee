import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { SecretUse } from './one-time-secrets.ts';
import type { RevocationArgs, RevocationResult } from './revocations.ts';

/** The verbs for users and their passwords. */
export interface UserStore {
  /** Inserts the user, and its first session where one is given, in one transaction. */
  createUser(args: {
    user: UserRecord;
    session: Session | null;
    event: AuditEvent;
  }): Promise<{ status: 'created' } | { status: 'taken'; field: 'username' | 'email' }>;

  findUser(
    by: { id: string } | { usernameKey: string } | { emailKey: string },
  ): Promise<UserRecord | undefined>;

  /** In order of id; `after` is the last id of the page before. */
  listUsers(args: { after: string | null; limit: number }): Promise<UserRecord[]>;

  /**
   * Replaces the hash if it still is `verifiedHash` (null: whatever it is), raises the token version and
   * ends every session but `keep`. That one goes on to its next generation, and refresh tokens of its
   * earlier ones are void. Finds nothing where `keep` does not live, or where the one-time secret to `consume`
   * is not live. All other one-time secrets of the user end, but those for the purposes that outlive a change of
   * the password. `start` is a session that starts with the new password; it finds nothing where the user is
   * disabled.
   */
  changePassword(
    args: {
      userId: string;
      verifiedHash: string | null;
      newHash: string;
      keep: ({ sessionId: string } & SessionLifetime) | null;
      consume?: SecretUse;
      start?: { session: Session; event: AuditEvent };
      now: number;
    } & RevocationArgs,
  ): Promise<
    RevocationResult & {
      /** Where a session was to be kept. */
      readonly kept?: { readonly session: Session; readonly user: UserRecord };
      /** Where a session was to be started. */
      readonly user?: UserRecord;
    }
  >;

  /**
   * No session starts until the user has changed the password, by {@link changePassword} with a `verifiedHash` or a
   * `consume`; all that are there end. Finds nothing where the user has no password.
   */
  requirePasswordChange(
    args: { userId: string; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** The sessions live on; access tokens issued before do not. The event is told the roles before and after. */
  setRoles(
    args: { userId: string; roles: readonly string[]; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Disabling ends all sessions and raises the token version. Enabling revokes nothing. */
  setDisabled(
    args: { userId: string; disabled: boolean; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /**
   * Removes the user with its sessions and one-time secrets. Audit events stay. `isPartial`: the user had too many sessions for
   * one transaction. It is disabled, all its sessions have ended and some were removed; call again.
   */
  deleteUser(
    args: { userId: string; now: number } & RevocationArgs,
  ): Promise<RevocationResult & { readonly isPartial?: true }>;
}
