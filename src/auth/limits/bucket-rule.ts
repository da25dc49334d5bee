/** How a bucket counts the attempts that it admits. */
export interface BucketRule {
  /** How many attempts pass without a wait. */
  readonly free: number;
  /**
   * `streak`: attempts in a row. `spanMs` without one ends the streak.
   * `window`: attempts since the first one. The window ends `spanMs` after that one.
   */
  readonly counts: 'streak' | 'window';
  readonly spanMs: number;
  /** In a streak, the wait after the last free attempt. It doubles with each attempt, up to `longestWaitMs`. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** A bucket as stored. Times are ms since the epoch. */
export interface BucketState {
  /** Admitted attempts that were not given back. */
  readonly attempts: number;
  /** The next attempt is admitted from then on; 0: at any time. */
  readonly openAt: number;
  /** From then on the bucket counts from zero. */
  readonly endsAt: number;
}

/** More doublings than any rule needs, and few enough that a 64-bit number holds the wait. */
export const MAX_DOUBLINGS = 20;

/** Whether a bucket admits an attempt now. */
export function isOpen({ openAt }: Pick<BucketState, 'openAt'>, now: number): boolean {
  return openAt <= now;
}

/**
 * The bucket after it has admitted one more attempt. Call it only for a bucket that is open. PostgreSQL has the same
 * rule as SQL (`src/store/queries/limits.ts`), and a test of the store compares the two.
 * @param before undefined: the bucket is not stored
 */
export function countAttempt(
  before: BucketState | undefined,
  rule: BucketRule,
  now: number,
): BucketState {
  const goesOn = before !== undefined && before.endsAt > now;
  const attempts = goesOn ? before.attempts + 1 : 1;
  const endsAt = goesOn && rule.counts === 'window' ? before.endsAt : now + rule.spanMs;
  if (attempts < rule.free) return { attempts, openAt: 0, endsAt };
  if (rule.counts === 'window') return { attempts, openAt: endsAt, endsAt };
  const doublings = Math.min(attempts - rule.free, MAX_DOUBLINGS);
  const waitMs = Math.min(rule.longestWaitMs, rule.firstWaitMs * 2 ** doublings);
  return { attempts, openAt: now + waitMs, endsAt };
}
