import type { OpenedStore } from './opened-store.ts';
import type { Opening } from './opening.ts';
import type { PostgresStoreOptions } from './postgres/connection/location.ts';

export { openSqliteStore } from './sqlite/open.ts';

/** Loads the driver of PostgreSQL first, which a server on SQLite never loads. See `postgres/open.ts`. */
export async function openPostgresStore(
  options: PostgresStoreOptions & Opening,
): Promise<OpenedStore> {
  const { openPostgresStore: open } = await import('./postgres/open.ts');
  return open(options);
}
