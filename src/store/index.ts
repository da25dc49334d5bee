export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open.ts';
