import type { Opening } from '../opening.ts';
import type { SqliteLocation } from './connection.ts';
import type { Engine } from './engine.ts';
import { SqliteExecutor } from './executor.ts';
import { toError, toFailure } from './failures.ts';

/**
 * Runs the database on the caller's own thread, which stands still while it waits for the disk.
 * @throws {StoreUnavailable} when the database cannot be opened
 */
export function openInlineEngine(location: SqliteLocation, { enter }: Opening = {}): Engine {
  const executor = openExecutor(location, enter);
  return {
    notices: executor.notices,
    runBatch: async (calls) => executor.runBatch(calls),
    listen: (listener) => executor.listen(listener),
    close: async () => executor.close(),
  };
}

function openExecutor(location: SqliteLocation, enter: Opening['enter']): SqliteExecutor {
  try {
    return new SqliteExecutor(location, enter);
  } catch (error) {
    throw toError(toFailure(error));
  }
}
