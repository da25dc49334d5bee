import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** Signing keys can be revoked, and all keys hang on root keys that are sealed for each secret in use. */
export function* keyLife(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* execute(schema.alterTable('signing_keys').addColumn('revoked_at', integer));
  yield* execute(
    sql.table(
      schema
        .createTable('envelopes')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('sealed', text, (it) => it.notNull())
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('ends_at', integer),
    ),
  );
}
