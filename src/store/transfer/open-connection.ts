import type { DatabaseLocation } from '../../config/database.ts';
import type { TransferConnection } from './connection.ts';

/** Loads only what the kind of database needs. @throws {StoreUnavailable} */
export async function openConnection(location: DatabaseLocation): Promise<TransferConnection> {
  if (location.kind === 'sqlite') {
    const { openSqliteConnection } = await import('./sqlite-connection.ts');
    return openSqliteConnection(location.path);
  }
  const { openPostgresConnection } = await import('./postgres-connection.ts');
  return openPostgresConnection(location.url);
}
