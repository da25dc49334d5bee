/** The one source of time for whatever judges tokens. */
export interface Clock {
  /**
   * Milliseconds since the epoch. The operating system may set it, forward or back, so it tells dates and
   * never durations: see {@link createStopwatch}.
   */
  now(): number;
  /**
   * Milliseconds since some moment in the past. Never set, never goes back. Optional, for clocks that a
   * test turns: then durations are what `now` went forward by.
   */
  elapsed?(): number;
}

/**
 * Creates a function that tells milliseconds since some moment in the past, for measuring durations. A
 * clock that is set back must not make old knowledge look fresh: a guard that counts by it would go on
 * accepting tokens that may be revoked.
 */
export function createStopwatch(clock: Clock): () => number {
  if (clock.elapsed !== undefined) return () => clock.elapsed?.() ?? 0;
  let last = clock.now();
  let total = 0;
  return () => {
    const now = clock.now();
    total += Math.max(0, now - last);
    last = now;
    return total;
  };
}
