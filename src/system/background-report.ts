import { printProblem } from '../kernel/process/print-problem.ts';
import { describeFailure, formatFailure } from './describe-failure.ts';

/** What runs without a request that could report its failure. */
export type BackgroundTask =
  | 'reading revocations'
  | 'listening for revocations'
  | 'checking clients'
  | 'maintenance'
  | 'sealing audit events'
  | 'delivering audit events'
  | 'calling onEvent'
  | 'sending mails';

/** Says that a background task fails, or succeeds again. */
export interface BackgroundReport {
  /** Which task. */
  readonly task: BackgroundTask;
  /** Why it fails. Undefined: it succeeds again. */
  readonly error: unknown;
}

/** Called when a task begins to fail, when it fails for another reason, and when it succeeds again. */
export type OnBackgroundReport = (report: BackgroundReport) => void;

/** How many reasons are reported until the task succeeds: a task that runs ten times a second must not fill a log. */
const MAX_REASONS = 10;

/**
 * Reports each reason for which a task fails once, until it succeeds again.
 * @returns a function to call after each run: with the reason if it failed, or with nothing
 */
export function createReporter(
  task: BackgroundTask,
  onReport: OnBackgroundReport,
): (error?: unknown) => void {
  const reported = new Set<string>();
  return (error) => {
    if (error === undefined) {
      if (reported.size > 0) onReport({ task, error });
      reported.clear();
      return;
    }
    const { error: name, message } = describeFailure(error);
    const reason = `${name}: ${message}`;
    if (reported.has(reason) || reported.size >= MAX_REASONS) return;
    reported.add(reason);
    onReport({ task, error });
  };
}

/** Makes a task that reports why it fails, and never rejects. */
export function reporting(
  task: BackgroundTask,
  run: () => Promise<void>,
  onReport: OnBackgroundReport,
): () => Promise<void> {
  const report = createReporter(task, onReport);
  return () => run().then(() => report(), report);
}

/** Prints a report to standard error, for an app that has no log. */
export function printBackgroundReport({ task, error }: BackgroundReport): void {
  const outcome =
    error === undefined ? 'succeeds again.' : `fails. ${formatFailure(describeFailure(error))}`;
  printProblem(`latchkey: the background task "${task}" ${outcome}`);
}
