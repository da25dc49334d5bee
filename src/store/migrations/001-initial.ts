import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** Users, sessions, the revocation log, signing keys, envelopes of root keys, audit events, facts. */
export function* initial(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;

  yield* execute(
    sql.table(
      schema
        .createTable('users')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('username', text)
        .addColumn('username_key', text, (it) => it.unique())
        .addColumn('email', text)
        .addColumn('email_key', text, (it) => it.unique())
        .addColumn('name', text)
        .addColumn('roles', text, (it) => it.notNull())
        .addColumn('profile', text, (it) => it.notNull())
        .addColumn('password_hash', text)
        .addColumn('token_version', integer, (it) => it.notNull())
        .addColumn('disabled_at', integer)
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('updated_at', integer, (it) => it.notNull()),
    ),
  );

  yield* execute(
    sql.table(
      schema
        .createTable('sessions')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('user_id', text, (it) => it.notNull().references('users.id').onDelete('cascade'))
        .addColumn('generation', integer, (it) => it.notNull())
        .addColumn('rotated_at', integer, (it) => it.notNull())
        .addColumn('expires_at', integer, (it) => it.notNull())
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('auth_time', integer, (it) => it.notNull())
        .addColumn('scope', text)
        .addColumn('address', text)
        .addColumn('user_agent', text),
    ),
  );
  yield* execute(schema.createIndex('sessions_user').on('sessions').column('user_id'));
  yield* execute(schema.createIndex('sessions_expiry').on('sessions').column('expires_at'));

  yield* execute(
    sql.table(
      schema
        .createTable('revocations')
        .addColumn('seq', integer, (it) => sql.counter(it))
        .addColumn('kind', text, (it) => it.notNull())
        .addColumn('subject', text, (it) => it.notNull())
        .addColumn('version', integer, (it) => it.notNull())
        .addColumn('expires_at', integer, (it) => it.notNull()),
    ),
  );
  yield* execute(schema.createIndex('revocations_expiry').on('revocations').column('expires_at'));
  yield* sql.installLogTriggers();

  yield* execute(
    sql.table(
      schema
        .createTable('signing_keys')
        .addColumn('kid', text, (it) => it.primaryKey().notNull())
        .addColumn('algorithm', text, (it) => it.notNull())
        .addColumn('public_jwk', text)
        .addColumn('sealed_private_jwk', text, (it) => it.notNull())
        .addColumn('created_at', integer, (it) => it.notNull())
        .addColumn('active_at', integer, (it) => it.notNull())
        .addColumn('retired_at', integer)
        .addColumn('revoked_at', integer),
    ),
  );

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

  yield* execute(
    sql.table(
      schema
        .createTable('audit_events')
        .addColumn('id', text, (it) => it.primaryKey().notNull())
        .addColumn('at', integer, (it) => it.notNull())
        .addColumn('type', text, (it) => it.notNull())
        .addColumn('user_id', text)
        .addColumn('session_id', text)
        .addColumn('address', text)
        .addColumn('user_agent', text),
    ),
  );
  yield* execute(
    schema.createIndex('audit_events_user').on('audit_events').columns(['user_id', 'id']),
  );

  yield* execute(
    sql.table(
      schema
        .createTable('facts')
        .addColumn('name', text, (it) => it.primaryKey().notNull())
        .addColumn('value', text, (it) => it.notNull()),
    ),
  );
}
