import { TransferRefused } from '../../kernel/errors.ts';
import { toConnectionError, withPlace } from '../postgres/connection/connection-failures.ts';
import { readLocation } from '../postgres/connection/location.ts';
import { createPostgresSql } from '../postgres/dialect.ts';
import { toStoreError } from '../postgres/failures.ts';
import type { TransferConnection } from './connection.ts';

/** @throws {StoreUnavailable} @throws {InvalidSetting} when a parameter of the URL cannot be used */
export async function openPostgresConnection(url: string): Promise<TransferConnection> {
  const location = await readLocation({ url });
  const { Client, connection, connectTimeoutMs } = location;
  const client = new Client({ ...connection, connectionTimeoutMillis: connectTimeoutMs });
  // Queries in flight fail by themselves.
  client.on('error', () => {});
  const run = async (text: string, values: readonly (string | number | null)[] = []) => {
    try {
      return (await client.query({ text, values: [...values] })).rows;
    } catch (error) {
      throw toStoreError(error);
    }
  };
  await client.connect().catch((error: unknown) => {
    throw withPlace(toConnectionError(error, connection.password !== undefined), location);
  });
  return {
    sql: createPostgresSql(),
    async begin(mode) {
      await run(
        mode === 'read'
          ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
          : 'BEGIN ISOLATION LEVEL READ COMMITTED',
      );
    },
    async commit() {
      await run('COMMIT');
    },
    async rollback() {
      await run('ROLLBACK');
    },
    async execute({ text, values }) {
      values.forEach(assertStorable);
      return run(text, values);
    },
    async moveLog(seq) {
      await run(`select pg_catalog.setval(pg_get_serial_sequence('revocations', 'seq'), $1)`, [
        seq,
      ]);
    },
    close: () => client.end(),
  };
}

function assertStorable(value: string | number | null): void {
  if (typeof value !== 'string' || !value.includes('\0')) return;
  throw new TransferRefused(
    'A text to be copied has a NUL character, which PostgreSQL cannot store. Remove it from the original, or copy to SQLite.',
  );
}
