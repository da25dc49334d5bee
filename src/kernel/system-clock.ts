import type { Clock } from './clock.ts';

/** The operating system's time. Whatever needs the time is given this clock, or that of a test. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};

/** A number from 0 to 1, to spread out what many processes would otherwise do at the same moment. Not for secrets. */
export function randomFraction(): number {
  return Math.random();
}
