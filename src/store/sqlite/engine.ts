import type { Notice } from '../../auth/ports/store.ts';
import type { ChangeListener } from './change-watch.ts';
import type { Call, Outcome } from './executor.ts';

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
