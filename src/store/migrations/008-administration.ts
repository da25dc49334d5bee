import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/**
 * What administrators need: when a password that one of them set expires; who has a role; who is disabled.
 *
 * Triggers keep `user_roles`, so that it is right whatever writes to `users`: nodes of an earlier version, a restore, a
 * copy. Both the search by role and the rule of the last administrator read it.
 */
export function* administration(sql: Sql): Steps<void> {
  const { schema } = sql.db;
  yield* assertFree(sql, ['user_roles']);
  yield* execute(schema.alterTable('users').addColumn('password_expires_at', sql.integer));
  yield* execute(
    sql.table(
      schema
        .createTable('user_roles')
        .addColumn('role', sql.text, (it) => it.notNull())
        .addColumn('user_id', sql.text, (it) => it.notNull())
        .addPrimaryKeyConstraint('user_roles_key', ['role', 'user_id']),
    ),
  );
  yield* sql.installRoleTriggers();
  // Every user passes the trigger once.
  yield { text: `update users set roles = roles where roles <> '[]'`, values: [] };
  yield {
    text: 'create index users_disabled on users (id) where disabled_at is not null',
    values: [],
  };
}
