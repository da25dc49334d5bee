import type { Session } from './model.ts';

/** What the rule of refresh must know of a session. */
export interface Generations extends Pick<Session, 'generation' | 'rotatedAt'> {
  /** The generation whose holder was given the present one. */
  readonly parentGeneration: number;
  /** Refresh tokens of earlier generations are void, since a password change. */
  readonly firstGeneration: number;
}

/** A refresh token as it was presented. Times are ms. */
export interface Presented {
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
 *   present token.
 * - `reused`: somebody else has a copy, so the session ends. A generation that is too new means that the
 *   database was restored from before it, and what was issued since cannot be told from a copy.
 *
 * The single statements of PostgreSQL (`store/postgres/shortcuts/rotation.ts`) state in SQL when a session
 * goes on; everything else is decided here for both databases.
 */
export type Verdict = 'current' | 'replayed' | 'rotated' | 'retried' | 'void' | 'reused';

export function judgeGeneration(session: Generations, presented: Presented): Verdict {
  const { generation, now, grace } = presented;
  // Absolute: a clock that stepped back far must not keep the window open until it has caught up.
  const isYoung = Math.abs(now - session.rotatedAt) < grace;
  if (generation === session.generation) return isYoung ? 'current' : 'rotated';
  if (generation < session.firstGeneration) return 'void';
  if (generation === session.parentGeneration && grace > 0) return isYoung ? 'replayed' : 'retried';
  return 'reused';
}
