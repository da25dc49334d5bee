import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/** The outbox, and when users proved that they receive mail at their address. No user has proved it until now. */
export function* mails(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* execute(schema.alterTable('users').addColumn('email_verified_at', integer));
  yield* assertFree(sql, ['mails']);
  yield* execute(
    sql.table(
      schema
        .createTable('mails')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('purpose', text, (it) => it.notNull())
        .addColumn('recipient', text)
        .addColumn('language', text, (it) => it.notNull())
        .addColumn('secret_id', text)
        .addColumn('data', text)
        .addColumn('bucket', text)
        .addColumn('asker', text)
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('attempts', integer, (it) => it.notNull())
        .addColumn('next_attempt_at', integer)
        .addColumn('problem', text)
        .addColumn('keep_until', integer),
    ),
  );
  const statements = [
    'create index mails_due on mails (next_attempt_at) where next_attempt_at is not null',
    'create index mails_bucket on mails (bucket, created_at) where bucket is not null',
    'create index mails_asker on mails (asker, created_at) where asker is not null',
    'create index mails_recipient on mails (recipient) where recipient is not null',
    'create index mails_keep on mails (keep_until) where keep_until is not null',
  ];
  for (const statement of statements) yield { text: statement, values: [] };
}
