import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** The credentials of guards. */
export function* guards(sql: Sql): Steps<void> {
  yield* execute(
    sql.table(
      sql.db.schema
        .createTable('guards')
        .addColumn('id', 'text', (it) => it.primaryKey().notNull())
        .addColumn('name', 'text', (it) => it.notNull().unique())
        .addColumn('key_hash', 'text', (it) => it.notNull())
        .addColumn('created_at', sql.integer, (it) => it.notNull()),
    ),
  );
}
