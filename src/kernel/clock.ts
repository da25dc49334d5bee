/** The source of time for everything that checks tokens. Tests have a clock of their own. */
export interface Clock {
  /**
   * Milliseconds since the epoch. The operating system may set it forward or back, so use it for dates, and never for
   * durations.
   */
  now(): number;
  /**
   * Milliseconds since some moment in the past. It is never set and never goes back. Without this method, durations are
   * measured by how far `now` went forward.
   */
  elapsed?(): number;
}

/**
 * Creates a function that returns milliseconds since some moment in the past, to measure durations. A clock that is set
 * back must not make old revocations look fresh: a guard would then accept tokens that may be revoked.
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
