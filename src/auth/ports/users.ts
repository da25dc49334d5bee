import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { PlacesLeft } from './limits.ts';
import type { SecretUse } from './one-time-secrets.ts';
import type { MailRecord } from './outbox.ts';
import type { ActingAdministrator, RevocationArgs, RevocationResult } from './revocations.ts';

/** What a verb takes that an administrator may call, too. */
interface Administered {
  /** Default: it is the user, the host's code or an operator who acts. */
  by?: ActingAdministrator;
}

/** What of a user can be edited. The keys go with their names. */
export type EditedUser = Partial<
  Pick<UserRecord, 'username' | 'usernameKey' | 'email' | 'emailKey' | 'name' | 'profile'>
>;

/** The keys of usernames and addresses that begin with a text. */
export interface PrefixRange {
  /** The first key that may match. */
  readonly from: string;
  /** All that match sort before it. */
  readonly to: string;
  /** Only keys after this one: the last of the previous page. `''`: all. */
  readonly after: string;
}

/** A user that a search found. */
export interface FoundUser {
  /** The key by which it was found: of the username or of the address. A user can be found by both. */
  readonly key: string;
  readonly user: UserRecord;
}

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

  /**
   * Lists users in the order of their ids. `after` is the last id of the previous page; `before` sorts after all ids that
   * are wanted. With a `role`, only users who have it; with `isDisabled`, only disabled ones; with both, those who have the
   * role.
   */
  listUsers(args: {
    after: string | null;
    before?: string | null;
    limit: number;
    role?: string;
    isDisabled?: true;
  }): Promise<UserRecord[]>;

  /** Finds users by the beginning of the username or the address, in the order of the keys that match. */
  searchUsers(args: PrefixRange & { limit: number }): Promise<FoundUser[]>;

  /** Finds an enabled user with the role. Only reads. */
  hasAdministrator(args: { role: string }): Promise<boolean>;

  /**
   * Replaces what is given, and raises the token version, as access tokens carry the username. The event gets the names
   * of what changed. Not of an administrator, if `by` is given.
   * @returns `taken`: another user has the username or the address; nothing was written
   */
  updateUser(
    args: { userId: string; changes: EditedUser; now: number } & RevocationArgs & Administered,
  ): Promise<
    RevocationResult & { readonly taken?: 'username' | 'email'; readonly user?: UserRecord }
  >;

  /**
   * Replaces the hash if it still is `verifiedHash` (null: in any case), raises the token version, and ends every
   * session except `keep`. That one gets its next generation, and refresh tokens of earlier generations are void.
   * `start` is a session that starts with the new password. One-time secrets of the user end, apart from those whose
   * purpose outlives a password change. Raises the credential version, so the user's known devices become strangers.
   *
   * `proven` is the address at which the user got the secret to `consume`. It becomes verified. If it was not, the name,
   * the profile and the second factors are removed, as another person may have set them. The `notice` is put into the outbox.
   *
   * Finds nothing if the hash differs, if the session to `keep` has ended, if the one-time secret to `consume` is not
   * live, if there is a session to `start` and the user is disabled or has a second factor that the session does not, if an
   * address was `proven` and the user is disabled or has another one by now. Not of an administrator, if `by` is given.
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
      /** The password stops working at this time, and must be changed at the next sign-in; ms since the epoch. */
      expiresAt?: number;
      proven?: { emailKey: string; notice: MailRecord };
      now: number;
    } & RevocationArgs &
      Administered,
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
   * event gets the roles before and after. Not of an administrator, if `by` is given.
   */
  setRoles(
    args: { userId: string; roles: readonly string[]; now: number } & RevocationArgs & Administered,
  ): Promise<RevocationResult>;

  /**
   * Disables or enables a user. Disabling ends all sessions and raises the token version. It does not disable the last
   * enabled administrator, if `by` is given.
   */
  setDisabled(
    args: { userId: string; disabled: boolean; now: number } & RevocationArgs & Administered,
  ): Promise<RevocationResult>;

  /**
   * Removes the password, so that it is refused from now on, and ends one-time secrets as {@link changePassword} does.
   * Sessions live on. Finds nothing if the user has no password.
   */
  withdrawPassword(args: {
    userId: string;
    now: number;
    event: AuditEvent;
  }): Promise<{ found: boolean }>;

  /** Replaces an outdated hash of the same password, if it still is `verifiedHash`. */
  replaceHash(args: { userId: string; verifiedHash: string; rehash: string }): Promise<void>;

  /**
   * Removes a user with all sessions, one-time secrets, mails that were not sent, and the buckets of attempts with these keys. Audit events stay. It
   * does not remove the last enabled administrator, if `by` is given.
   * @returns `isPartial`: the user has too many sessions for one transaction. The user is disabled, all sessions have
   *   ended, and some were removed; call again
   */
  deleteUser(
    args: { userId: string; buckets?: readonly string[]; now: number } & RevocationArgs &
      Administered,
  ): Promise<RevocationResult & { readonly isPartial?: true }>;
}
