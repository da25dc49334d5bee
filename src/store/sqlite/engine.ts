import type { Notice } from '../../auth/notice.ts';
import type { ChangeListener } from './change-watch.ts';
import type { Call, Outcome } from './executor.ts';

/** Runs batches one after another. */
export interface Engine {
  /** About the opening of the database. */
  readonly notices: readonly Notice[];
  /** @returns one outcome for each call, in order. The caller waits for them before it sends the next batch */
  runBatch(calls: readonly Call[]): Promise<readonly Outcome[]>;
  /** Reports changes to this listener, in place of the one before. Undefined: no longer reports any. */
  listen(listener: ChangeListener | undefined): void;
  close(): Promise<void>;
}
