import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { Generations } from '../sessions/refresh-rule.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { PlacesLeft } from './limits.ts';
import type { Proof, RenewalProof } from './proof.ts';
import type {
  ActingAdministrator,
  Outliving,
  RevocationArgs,
  RevocationResult,
} from './revocations.ts';

/** The outcome of a refresh. */
export type RotateResult =
  /** The session as it is now, and its user. `rotated`: this call changed it; `current` and `replayed`: it did not. */
  | {
      readonly status: 'rotated' | 'current' | 'replayed';
      readonly session: Session;
      readonly user: UserRecord;
    }
  /** An old generation was presented. This call has ended the session; null: no event was given, so nothing was written. */
  | { readonly status: 'reused'; readonly revocations: readonly Revocation[] | null }
  /** The session has ended or expired, or the token is void. */
  | { readonly status: 'gone' };

/** A session that has not ended, with its user and the generations that the rule of refresh needs. */
export interface LiveSession extends Pick<Generations, 'parentGeneration' | 'firstGeneration'> {
  readonly session: Session;
  readonly user: UserRecord;
}

/** The verbs for sessions. */
export interface SessionStore {
  /**
   * Starts a session if the user exists, is enabled, and the proof still holds: a sign-in must fail if the password
   * changes before its session is written. See {@link Proof}. A session without an `mfaTime` does not start for a user
   * who has a second factor.
   *
   * With a `bound`, the least recently used session ends if the user has `maxSessions` already; the event gets its
   * id. At most one ends, so that a sign-in takes a bounded time. If more are beyond the bound, the user is flagged
   * for {@link cleanUpSessions}.
   *
   * With `places`, the attempt succeeds in the same transaction.
   */
  openSession(args: {
    session: Session;
    proof: Proof;
    event: AuditEvent;
    places?: PlacesLeft;
    bound?: { maxSessions: number } & RevocationArgs;
  }): Promise<
    | { status: 'opened'; user: UserRecord; revocations?: readonly Revocation[] }
    | { status: 'refused' }
  >;

  /**
   * Refreshes a session by a compare-and-swap on its generation, as `classifyGeneration` decides. The result is
   * `gone` for the verdict `void`, and for a session that has ended or expired.
   */
  rotateSession(
    args: {
      sessionId: string;
      generation: number;
      now: number;
      /** ms */
      grace: number;
      /** Recorded if the token was reused. Null: a reuse is only reported, and the caller asks again with the event. */
      event: AuditEvent | null;
    } & SessionLifetime &
      Outliving,
  ): Promise<RotateResult>;

  /**
   * Gives a session its next generation and a new time of authentication, if the proof still holds and the user is
   * enabled. A second factor is used up, and moves the time of the last second factor as well.
   * Refresh tokens of earlier generations are void. The user's token version rises, so that access tokens issued
   * before are refused; other sessions live on.
   */
  reauthenticate(
    args: {
      sessionId: string;
      userId: string;
      proof: RenewalProof;
      amr: readonly string[];
      /** The attempt that succeeds in the same transaction. */
      places?: PlacesLeft;
      now: number;
    } & SessionLifetime &
      RevocationArgs,
  ): Promise<
    RevocationResult & {
      /** The session as it is now, and its user. */
      readonly renewed?: { readonly session: Session; readonly user: UserRecord };
    }
  >;

  /** Finds the session of this id, if it has not ended or expired. */
  findSession(args: { sessionId: string; now: number }): Promise<LiveSession | undefined>;

  /**
   * Lists live sessions by descending id: the latest first. `before` is the last id of the previous page.
   */
  listSessions(args: {
    userId: string;
    now: number;
    before?: string | null;
    limit: number;
  }): Promise<Session[]>;

  /**
   * Ends one session, only if it is that user's. `evenIfGone`: writes the log entry and the
   * event in any case, and so always finds something. This is for a caller that holds a token of the session: its
   * row may have been removed while access tokens live, and these must be refused too.
   */
  endSession(
    args: {
      sessionId: string;
      userId: string;
      evenIfGone?: boolean;
      /** The administrator who ends a session of another user. */
      by?: ActingAdministrator;
    } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Ends all of a user's sessions and raises its token version. */
  endAllSessions(
    args: { userId: string; now: number; by?: ActingAdministrator } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Finds the id of a user with sessions to remove: ended ones, or more than `maxSessions`. */
  findSessionCleanup(): Promise<string | undefined>;

  /**
   * Removes up to `events.length` sessions of a user: first those that have ended, then the least recently used beyond
   * `maxSessions`. For each of the latter it writes a log entry and one of the events, with the id of the session.
   * @returns `isDone`: nothing is left to remove
   */
  cleanUpSessions(
    args: { userId: string; maxSessions: number; events: readonly AuditEvent[] } & Outliving,
  ): Promise<{ readonly isDone: boolean; readonly revocations: readonly Revocation[] }>;
}
