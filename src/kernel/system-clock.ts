import type { Clock } from './clock.ts';

/** The operating system's time. Everything that needs to know it is handed this, or a test's own clock. */
export const systemClock: Required<Clock> = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};

/** From 0 to 1, for spreading out what many guards would else do at the same moment. No secret hangs on it. */
export function randomFraction(): number {
  return Math.random();
}

/** Lets a process end although the timer runs. Deno and Bun have `unref` as Node has; elsewhere a timer is a number. */
export function unref(timer: { unref?: () => void } | number): void {
  if (typeof timer === 'object') timer.unref?.();
}

/** Prints a line for the person who runs the process, on standard error. Never a secret. */
export function printProblem(text: string): void {
  console.error(text);
}
