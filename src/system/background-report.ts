import { printProblem } from '../kernel/process/print-problem.ts';
import { describeFailure, formatFailure } from './describe-failure.ts';

/** What runs without a request that could be told of its failure. */
export type BackgroundTask =
  | 'reading revocations'
  | 'listening for revocations'
  | 'checking clients'
  | 'maintenance';

/** That a task in the background fails, or succeeds again. */
export interface BackgroundReport {
  readonly task: BackgroundTask;
  /** Why it fails; undefined where it succeeds again. */
  readonly error: unknown;
}

/** Told when a task begins to fail, when it fails for another reason, and when it succeeds again. */
export type OnBackgroundReport = (report: BackgroundReport) => void;

/** A task that runs four times a second must not fill a log, even if its reasons alternate. */
const MOST_REASONS = 10;

/**
 * Keeps the outcomes of a task, and reports those that are news.
 * @returns to be called after each run: with the reason if it failed, or with nothing
 */
export function createReporter(
  task: BackgroundTask,
  onReport: OnBackgroundReport,
): (error?: unknown) => void {
  const told = new Set<string>();
  return (error) => {
    if (error === undefined) {
      if (told.size > 0) onReport({ task, error });
      told.clear();
      return;
    }
    const { error: name, message } = describeFailure(error);
    const reason = `${name}: ${message}`;
    if (told.has(reason) || told.size >= MOST_REASONS) return;
    told.add(reason);
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
