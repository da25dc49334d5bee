import type { Notice } from '../../auth/ports/store.ts';
import type { Call, Outcome } from './executor.ts';

/** Hears of what other processes do to the database. */
export interface ChangeListener {
  /** Another process may have committed. */
  onChange(): void;
  /** Whether that can be told from now on: `undefined`, or why not. */
  onAttempt(error?: unknown): void;
}

/** Runs batches one after another. */
export interface Engine {
  /** About the opening of the database. */
  readonly notices: readonly Notice[];
  /** One outcome for each call, in order. The caller waits for it before it hands over the next batch. */
  run(calls: readonly Call[]): Promise<readonly Outcome[]>;
  /** Tells this listener, in place of the one before. Undefined: no longer tells anyone. */
  listen(listener: ChangeListener | undefined): void;
  close(): Promise<void>;
}
