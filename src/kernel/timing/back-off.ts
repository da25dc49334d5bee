import { randomFraction } from '../system-clock.ts';

/** How the wait between attempts grows. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** More doublings would make no wait longer, and could make it infinite. */
const MAX_DOUBLINGS = 30;

/**
 * How long to wait before the next attempt, in ms. It doubles with each failure up to the longest.
 * @param failures how many attempts failed in a row; 0: no wait
 */
export function backOffMs(failures: number, { firstMs, longestMs }: BackOff): number {
  if (failures < 1) return 0;
  return Math.min(firstMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS), longestMs);
}

/**
 * Shortens a wait to between half of it and all of it, by chance, so that many processes that failed together do not
 * all come back at the same moment.
 * @param random returns a number from 0 to 1
 */
export function spreadOut(waitMs: number, random: () => number = randomFraction): number {
  return waitMs * (0.5 + 0.5 * random());
}
