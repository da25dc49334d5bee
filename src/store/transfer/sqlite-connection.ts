import { SqliteConnection } from '../sqlite/connection.ts';
import { createSqliteSql } from '../sqlite/dialect.ts';
import { isDatabaseTrouble, toError, toFailure } from '../sqlite/failures.ts';
import type { TransferConnection } from './connection.ts';

const BUSY_TIMEOUT_MS = 10_000;

/** Opens it on this thread, as the command has nothing else to do. @throws {StoreUnavailable} */
export function openSqliteConnection(path: string): TransferConnection {
  const connection = attempt(
    () =>
      new SqliteConnection({
        path,
        busyTimeoutMs: BUSY_TIMEOUT_MS,
        openTimeoutMs: BUSY_TIMEOUT_MS,
      }),
  );
  const command = (text: string) => attempt(() => connection.command(text));
  return {
    sql: createSqliteSql(),
    // With a write-ahead log, a reader sees the state from when it began, and blocks no writer.
    begin: async (mode) => command(mode === 'read' ? 'BEGIN' : 'BEGIN IMMEDIATE'),
    commit: async () => command('COMMIT'),
    rollback: async () => {
      if (connection.isInTransaction) command('ROLLBACK');
    },
    execute: async (step) => attempt(() => connection.execute(step)),
    async moveLog(seq) {
      command(`delete from sqlite_sequence where name = 'revocations'`);
      const text = `insert into sqlite_sequence (name, seq) values ('revocations', ?)`;
      attempt(() => connection.execute({ text, values: [seq] }));
    },
    close: async () => connection.close(),
  };
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isDatabaseTrouble(error) ? toError(toFailure(error)) : error;
  }
}
