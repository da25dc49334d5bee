import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/**
 * The buckets that limit guessing, and a version of each user's password, which known devices depend on. Nodes of an
 * earlier version neither count attempts nor raise the version.
 */
export function* limits(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* assertFree(sql, ['attempt_limits']);
  yield* execute(
    sql.table(
      schema
        .createTable('attempt_limits')
        .addColumn('key', text, (it) => it.primaryKey().notNull())
        .addColumn('kind', text, (it) => it.notNull())
        .addColumn('attempts', integer, (it) => it.notNull())
        .addColumn('open_at', integer, (it) => it.notNull())
        .addColumn('ends_at', integer, (it) => it.notNull())
        .addColumn('subject', text),
    ),
  );
  yield* execute(schema.createIndex('attempt_limits_end').on('attempt_limits').column('ends_at'));
  yield* execute(
    schema
      .alterTable('users')
      .addColumn('credential_version', integer, (it) => it.notNull().defaultTo(0)),
  );
}
