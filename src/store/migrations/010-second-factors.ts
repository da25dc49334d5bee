import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/**
 * Second factors: authenticators, recovery codes, and since when an account has one. Nodes of an earlier version ask
 * for none, so enrol the first one when they have all been replaced.
 */
export function* secondFactors(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* assertFree(sql, ['authenticators', 'recovery_codes']);
  yield* execute(schema.alterTable('users').addColumn('second_factor_at', integer));
  yield* execute(
    sql.table(
      schema
        .createTable('authenticators')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('user_id', text, (it) => it.notNull().references('users.id').onDelete('cascade'))
        .addColumn('name', text, (it) => it.notNull())
        .addColumn('sealed_secret', text, (it) => it.notNull())
        .addColumn('last_step', integer, (it) => it.notNull())
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('confirmed_at', integer)
        .addColumn('last_used_at', integer),
    ),
  );
  yield* execute(
    schema.createIndex('authenticators_user').on('authenticators').columns(['user_id', 'id']),
  );
  yield* execute(
    sql.table(
      schema
        .createTable('recovery_codes')
        .addColumn('user_id', text, (it) =>
          it.primaryKey().notNull().references('users.id').onDelete('cascade'),
        )
        .addColumn('sealed_key', text, (it) => it.notNull())
        .addColumn('macs', text, (it) => it.notNull())
        .addColumn('created_at', integer, (it) => it.notNull()),
    ),
  );
}
