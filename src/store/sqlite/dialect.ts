import {
  DummyDriver,
  Kysely,
  sql as raw,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database } from '../schema.ts';
import type { Sql } from '../sql/sql.ts';

/** SQLite's way of saying things. */
export function createSqliteSql(): Sql {
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (it) => new SqliteIntrospector(it),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
  return {
    db,
    forUpdate: (selection) => selection,
    skipLocked: (selection) => selection,
    text: 'text',
    integer: 'integer',
    counter: (column) => column.primaryKey().autoIncrement(),
    table: (table) => table.modifyEnd(raw`strict`),
    // One transaction writes at a time, so the order is kept as it is; and there is nobody to tell.
    *guardLog() {},
  };
}
