import type { Store } from '../auth/ports.ts';
import type { PostgresStoreOptions } from './postgres/location.ts';

export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open.ts';
export type { PostgresStoreOptions };

/** The driver is loaded here and nowhere else: who stays with SQLite never loads it. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { openPostgresStore: open } = await import('./postgres/open.ts');
  return open(options);
}
