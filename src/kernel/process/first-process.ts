import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function exit(signal: (typeof SIGNALS)[number]): void {
  process.exit(128 + constants.signals[signal]);
}

/**
 * Has SIGINT and SIGTERM end this process, as they end every other one that has no handler for them. The kernel
 * drops them for process 1, which a program in a container usually is; a start that waits could then only be killed.
 */
export function endFirstProcessOnSignals(): void {
  if (process.pid !== 1) return;
  for (const signal of SIGNALS) process.on(signal, exit);
}

/** Undoes {@link endFirstProcessOnSignals}, for a program that has its own handlers from now on. */
export function leaveSignalsToProgram(): void {
  for (const signal of SIGNALS) process.off(signal, exit);
}
