import { createRequire } from 'node:module';
import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import type { StatementSource } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { statements } from './statements.ts';

const require = createRequire(import.meta.url);

/**
 * The SQL of SQLite. Kysely is loaded only when a statement must be built: for a migration, or if the statement was not
 * compiled beforehand.
 */
export function createSqliteSql(source: StatementSource = { compiled: statements }): Sql {
  let db: Kysely<Database> | undefined;
  return {
    ...source,
    get db() {
      db ??= createBuilder();
      return db;
    },
    forUpdate: (selection) => selection,
    skipLocked: (selection) => selection,
    keepRows: '',
    *lockName() {},
    parameter: () => '?',
    text: 'text',
    integer: 'integer',
    counter: (column) => column.primaryKey().autoIncrement(),
    table: (table) => table.modifyEnd(loadKysely().sql`strict`),
    // One transaction writes at a time, so entries are in order without triggers. There are no listeners.
    *installLogTriggers() {},
    *dropLogTriggers() {},
    sharesDatabase: false,
    listTables: () =>
      `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'`,
    listColumns: (table) => `select name from pragma_table_info('${table}')`,
    listSchemas: undefined,
    // Every encoding of SQLite holds all of Unicode.
    *assertUsable() {},
  };
}

function loadKysely(): typeof import('kysely') {
  return require('kysely');
}

function createBuilder(): Kysely<Database> {
  const { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } =
    loadKysely();
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (it) => new SqliteIntrospector(it),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}
