import { parentPort, workerData } from 'node:worker_threads';
import type { Notice } from '../../auth/notice.ts';
import type { WatchedStep } from '../../kernel/timing/step-watch.ts';
import type { ChangeListener } from './change-watch.ts';
import type { SqliteLocation } from './connection.ts';
import { type Call, type Outcome, SqliteExecutor } from './executor.ts';
import { type Failure, toFailure } from './failures.ts';

/** Messages to the thread that owns the database file, and its reports. */
export type Order =
  | { readonly runBatch: readonly Call[] }
  | { readonly listen: boolean }
  | { readonly close: true };
export type Report =
  | { readonly step: WatchedStep }
  | { readonly opened: true; readonly notices: readonly Notice[] }
  | { readonly failure: Failure }
  | { readonly changed: true }
  /** Whether changes can be reported. */
  | { readonly listening: true | Failure }
  | { readonly outcomes: readonly Outcome[] };

function serve(location: SqliteLocation): void {
  const port = parentPort;
  if (port === null) throw new Error('This module is the body of a worker thread.');
  const report = (it: Report) => port.postMessage(it);

  let executor: SqliteExecutor;
  try {
    executor = new SqliteExecutor(location, (step) => report({ step }));
  } catch (error) {
    report({ failure: toFailure(error) });
    return;
  }
  const listener: ChangeListener = {
    onChange: () => report({ changed: true }),
    onAttempt: (error) => report({ listening: error === undefined || toFailure(error) }),
  };
  port.on('message', (order: Order) => {
    if ('runBatch' in order) {
      report({ outcomes: executor.runBatch(order.runBatch) });
    } else if ('listen' in order) {
      executor.listen(order.listen ? listener : undefined);
    } else {
      executor.close();
      port.close();
    }
  });
  report({ opened: true, notices: executor.notices });
}

serve(workerData);
