import type { Revocation } from '../../revocation/revocation.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { Generations } from '../sessions/refresh-rule.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { Proof } from './proof.ts';
import type { Outliving, RevocationArgs, RevocationResult } from './revocations.ts';

export type RotateResult =
  /** The session as it is now, and its user. `rotated`: by this call; `current` and `replayed`: unchanged. */
  | {
      readonly status: 'rotated' | 'current' | 'replayed';
      readonly session: Session;
      readonly user: UserRecord;
    }
  /** An old generation came: the session was ended in this very transaction. */
  | { readonly status: 'reused'; readonly revocations: readonly Revocation[] }
  | { readonly status: 'gone' };

/** A session that lives, with its user and what the rule of refresh must know. */
export interface LiveSession extends Pick<Generations, 'parentGeneration' | 'firstGeneration'> {
  readonly session: Session;
  readonly user: UserRecord;
}

/** The verbs for sessions. */
export interface SessionStore {
  /**
   * Starts a session if the user is there, enabled, and what was proved still holds: a login must not outrun a
   * change of the password that came after it. See {@link Proof}.
   *
   * With a `bound`, the least recently used session ends if the user has as many as that allows; the event
   * is told which. Never more than one ends, and no more rows are looked at than the bound and some: where
   * sessions beyond it are left, they are flagged for {@link cleanUpSessions}.
   */
  openSession(args: {
    session: Session;
    proof: Proof;
    event: AuditEvent;
    bound?: { maxSessions: number } & RevocationArgs;
  }): Promise<
    | { status: 'opened'; user: UserRecord; revocations?: readonly Revocation[] }
    | { status: 'refused' }
  >;

  /**
   * The compare-and-swap behind refresh, by the rule of `classifyGeneration`. `void` answers `gone`, and so
   * does a session that has ended or is past its `expiresAt`.
   */
  rotateSession(
    args: {
      sessionId: string;
      generation: number;
      now: number;
      /** ms */
      grace: number;
    } & SessionLifetime &
      RevocationArgs,
  ): Promise<RotateResult>;

  /** The session of this id, if it lives. */
  findSession(args: { sessionId: string; now: number }): Promise<LiveSession | undefined>;

  /**
   * Live sessions by descending id, which is the latest first; `before` is the last id of the page before.
   */
  listSessions(args: {
    userId: string;
    now: number;
    before?: string | null;
    limit: number;
  }): Promise<Session[]>;

  /**
   * Ends one session; where `userId` is given, only if it is that user's. `evenIfGone`: writes the log entry
   * and the event in any case, and so always finds something. This is for a caller who holds a token of the
   * session: its row may be gone while access tokens live, and these must be refused, too.
   */
  endSession(
    args: { sessionId: string; userId: string | null; evenIfGone?: boolean } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Ends all of a user's sessions and raises its token version. */
  endAllSessions(args: { userId: string; now: number } & RevocationArgs): Promise<RevocationResult>;

  /** The id of a user that may have sessions to remove: ended ones, or more than it may have. */
  findSessionCleanup(): Promise<string | undefined>;

  /**
   * Removes up to `events.length` sessions of a user: first those that have ended, then the least recently
   * used of those beyond `maxSessions`, each of these with its log entry and one of the events, which is
   * told its session. `isDone`: nothing is left to remove.
   */
  cleanUpSessions(
    args: { userId: string; maxSessions: number; events: readonly AuditEvent[] } & Outliving,
  ): Promise<{ readonly isDone: boolean; readonly revocations: readonly Revocation[] }>;
}
