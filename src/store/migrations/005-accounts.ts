import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** How a user authenticated and by which client, for each session; one-time secrets. */
export function* accounts(sql: Sql): Steps<void> {
  yield* sessionProofs(sql);
  yield* oneTimeSecrets(sql);
}

/**
 * Until now there was no proof but the password. The default says so for the sessions that are there, and for
 * those that nodes of an earlier version still start while an upgrade is rolled out.
 */
function* sessionProofs({ db: { schema }, text, integer }: Sql): Steps<void> {
  const sessions = () => schema.alterTable('sessions');
  yield* execute(sessions().addColumn('amr', text, (it) => it.notNull().defaultTo('pwd')));
  yield* execute(sessions().addColumn('mfa_time', integer));
  yield* execute(sessions().addColumn('client_id', text));
}

/** Links, codes and challenges. A subject need not be a user yet, so nothing refers to `users`. */
function* oneTimeSecrets(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* execute(
    sql.table(
      schema
        .createTable('one_time_secrets')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('purpose', text, (it) => it.notNull())
        .addColumn('subject', text, (it) => it.notNull())
        .addColumn('mac', text, (it) => it.notNull())
        .addColumn('data', text)
        .addColumn('browser', text)
        .addColumn('expires_at', integer, (it) => it.notNull())
        .addColumn('code_expires_at', integer)
        .addColumn('attempts', integer, (it) => it.notNull().defaultTo(0))
        .addColumn('used_at', integer),
    ),
  );
  const createIndex = (name: string) => schema.createIndex(name).on('one_time_secrets');
  yield* execute(createIndex('one_time_secrets_subject').columns(['subject', 'purpose']));
  yield* execute(createIndex('one_time_secrets_expiry').column('expires_at'));
}
