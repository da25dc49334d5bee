import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function exit(signal: (typeof SIGNALS)[number]): void {
  process.exit(128 + constants.signals[signal]);
}

/**
 * Makes SIGINT and SIGTERM end this process even if it is process 1, as a program in a container usually is. The kernel
 * ignores them for process 1 unless there are handlers, so a start that waits could only be killed.
 */
export function endFirstProcessOnSignals(): void {
  if (process.pid !== 1) return;
  for (const signal of SIGNALS) process.on(signal, exit);
}

/** Undoes {@link endFirstProcessOnSignals}, for a program that now has its own handlers. */
export function leaveSignalsToProgram(): void {
  for (const signal of SIGNALS) process.off(signal, exit);
}
