import type { Session } from '../model.ts';
import { isPastMaxAge, type SessionLifetime } from './session-lifetime.ts';

/** What the rule of refresh must know of a session. */
export interface Generations extends Pick<Session, 'generation' | 'rotatedAt' | 'createdAt'> {
  /** The generation whose holder was given the present one. */
  readonly parentGeneration: number;
  /** Refresh tokens of earlier generations are void, since a password change. */
  readonly firstGeneration: number;
}

/** A refresh token as it was presented. Times are ms. */
export interface Presented extends Pick<SessionLifetime, 'maxAgeMs'> {
  readonly generation: number;
  readonly now: number;
  /** 0: strict rotation. */
  readonly grace: number;
}

/**
 * What a presented generation means for a live session:
 *
 * - `current`, `replayed`: the session stays as it is, and its present token is the answer.
 * - `rotated`: the session goes on to its next generation.
 * - `retried`: the same, with the parent kept. The parent came late, and its successor was never presented,
 *   so the answer that carried it is taken for lost. That successor is skipped: should it come after all,
 *   two parties hold tokens of this session, and the session ends.
 * - `void`: refused. It was replaced when the password was changed, and says nothing of who holds the
 *   present token; or the session has reached its maximum age.
 * - `reused`: somebody else has a copy, so the session ends. A generation that is too new means that the
 *   database was restored from before it, and what was issued since cannot be told from a copy.
 *
 * This is the one place of the rule. PostgreSQL's single statements need its `rotated` and `retried` in SQL:
 * `store/postgres/shortcuts/refresh-rule.ts`, which one suite of tests compares with this.
 */
export type Verdict = 'current' | 'replayed' | 'rotated' | 'retried' | 'void' | 'reused';

export function classifyGeneration(session: Generations, presented: Presented): Verdict {
  const { generation, now, grace } = presented;
  if (isPastMaxAge(session, presented)) return 'void';
  // Absolute: a clock that stepped back far must not keep the window open until it has caught up.
  const isYoung = Math.abs(now - session.rotatedAt) < grace;
  if (generation === session.generation) return isYoung ? 'current' : 'rotated';
  if (generation < session.firstGeneration) return 'void';
  if (generation === session.parentGeneration && grace > 0) return isYoung ? 'replayed' : 'retried';
  return 'reused';
}
