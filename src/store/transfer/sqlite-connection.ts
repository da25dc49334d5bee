import { SqliteConnection } from '../sqlite/connection.ts';
import { createSqliteSql } from '../sqlite/dialect.ts';
import { isDatabaseTrouble, toError, toFailure } from '../sqlite/failures.ts';
import type { TransferConnection } from './connection.ts';

const busyTimeoutMs = 10_000;

/** On this thread: it belongs to a command that has nothing else to do. @throws {StoreUnavailable} */
export function openSqliteConnection(path: string): TransferConnection {
  const connection = attempt(
    () => new SqliteConnection({ path, busyTimeoutMs, openTimeoutMs: busyTimeoutMs }),
  );
  const command = (text: string) => attempt(() => connection.command(text));
  return {
    sql: createSqliteSql(),
    // In its write-ahead log a reader sees what was there when it began, and hinders no writer.
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
