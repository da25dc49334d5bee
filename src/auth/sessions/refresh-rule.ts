import type { Session } from '../model.ts';
import { isPastMaxAge, type SessionLifetime } from './session-lifetime.ts';

/** What the rule of refresh needs of a session. */
export interface Generations extends Pick<Session, 'generation' | 'rotatedAt' | 'createdAt'> {
  /** The generation that was exchanged for the current one. */
  readonly parentGeneration: number;
  /** Refresh tokens of earlier generations are void: the password was changed. */
  readonly firstGeneration: number;
}

/** A refresh token as it was presented. Times are ms. */
export interface Presented extends Pick<SessionLifetime, 'maxAgeMs'> {
  readonly generation: number;
  readonly now: number;
  /** The grace window. 0: there is none. */
  readonly grace: number;
}

/**
 * What a presented generation means for a live session:
 *
 * - `current`, `replayed`: the session stays as it is, and the client gets its current token.
 * - `rotated`: the session gets its next generation.
 * - `retried`: the same, and the parent stays. The parent was presented after the grace window, and its successor never
 *   was, so we assume that the response with the successor was lost. That successor is skipped. If it is presented
 *   later, two parties hold tokens of this session, and the session ends.
 * - `void`: refused, and the session lives on. The token was replaced by a password change, so it does not prove that
 *   the current token was copied; or the session has reached its maximum age.
 * - `reused`: two parties hold tokens of this session, so it ends. A generation above the current one means that the
 *   database was restored from a backup; tokens issued since the backup cannot be told from copies.
 *
 * This is the one place of the rule. PostgreSQL's single statements need `rotated` and `retried` in SQL:
 * `store/queries/sessions/refresh-condition.ts`. One suite of tests compares the two.
 */
export type Verdict = 'current' | 'replayed' | 'rotated' | 'retried' | 'void' | 'reused';

/** Decides what a presented refresh token means for a live session. */
export function classifyGeneration(session: Generations, presented: Presented): Verdict {
  const { generation, now, grace } = presented;
  if (isPastMaxAge(session, presented)) return 'void';
  // Absolute: if the clock steps back far, the window must not stay open until the clock has caught up.
  const isYoung = Math.abs(now - session.rotatedAt) < grace;
  if (generation === session.generation) return isYoung ? 'current' : 'rotated';
  if (generation < session.firstGeneration) return 'void';
  if (generation === session.parentGeneration && grace > 0) return isYoung ? 'replayed' : 'retried';
  return 'reused';
}
