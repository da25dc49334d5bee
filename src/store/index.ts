export { openSqliteStore } from './sqlite/open.ts';
