import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/**
 * How a user authenticated and by which client, for each session; one-time secrets; who caused an audit event, and
 * what changed; two kinds of root key; clients. Nodes of version 0.1 may still run: every statement of theirs must go
 * on working, but for those that create and delete guards.
 */
export function* accounts(sql: Sql): Steps<void> {
  yield* sessionProofs(sql);
  yield* passwordChanges(sql);
  yield* oneTimeSecrets(sql);
  yield* extendAuditEvents(sql);
  yield* rootKinds(sql);
  // Last: the events of guards are looked up in their table.
  yield* clients(sql);
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

/** Users who must set a new password at their next sign-in. Nodes of version 0.1 let them in without one. */
function* passwordChanges({ db: { schema }, integer }: Sql): Steps<void> {
  yield* execute(schema.alterTable('users').addColumn('password_change_required_at', integer));
}

/** Links, codes and challenges. A subject need not be a user yet, so nothing refers to `users`. */
function* oneTimeSecrets(sql: Sql): Steps<void> {
  const { integer, text } = sql;
  const { schema } = sql.db;
  yield* assertFree(sql, ['one_time_secrets']);
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

/** Who caused an event, why it failed, and what changed. */
function* extendAuditEvents(sql: Sql): Steps<void> {
  const { schema } = sql.db;
  for (const column of ['subject_kind', 'actor_kind', 'actor_id', 'reason', 'changes']) {
    yield* execute(schema.alterTable('audit_events').addColumn(column, sql.text));
  }
  // Events of guards named them; names are unique while a guard exists.
  const guardId = '(select guards.id from guards where guards.name = audit_events.subject)';
  const isGuard = `type in ('guard_created', 'guard_deleted')`;
  // A request has an address. Without one it was the command line, the host's code or a background job.
  const isRequest = '(address is not null or user_agent is not null)';
  const isByUser = `(
    type in ('user_registered', 'login_succeeded', 'login_of_disabled_user', 'password_change_failed')
    or type in ('password_changed', 'session_ended', 'sessions_ended', 'token_revoked') and ${isRequest})`;
  yield {
    text: `update audit_events set
      subject_kind = case
        when type in ('key_rotated', 'key_revoked') then 'key'
        when type = 'secret_rotated' then 'secret'
        when ${isGuard} then 'client'
        else 'user' end,
      actor_kind = case
        when type in ('login_failed', 'refresh_token_reused') then 'anonymous'
        when ${isByUser} then 'user'
        else 'unknown' end,
      actor_id = case when ${isByUser} then user_id end,
      reason = case
        when type = 'login_failed' and user_id is null then 'unknown_user'
        when type in ('login_failed', 'password_change_failed') then 'wrong_password'
        when type = 'login_of_disabled_user' then 'account_disabled'
        when type = 'refresh_token_reused' then 'refresh_token_reused' end,
      subject = case when ${isGuard} then coalesce(${guardId}, subject) else subject end`,
    values: [],
  };
  yield* execute(
    schema
      .createIndex('audit_events_actor')
      .on('audit_events')
      .columns(['actor_kind', 'actor_id', 'id']),
  );
  yield* execute(
    schema.createIndex('audit_events_type').on('audit_events').columns(['type', 'id']),
  );
}

/**
 * A guard was all that had a secret. It becomes one kind of client, with its id and its key. A client can have
 * several secrets for a while, so these have a table of their own.
 *
 * Nodes of version 0.1 that still run read `guards`, which is a view of each client's present secret for them. They
 * can neither create nor delete guards.
 */
function* clients(sql: Sql): Steps<void> {
  const { schema } = sql.db;
  yield* assertFree(sql, ['clients', 'client_secrets']);
  yield* execute(
    sql.table(
      schema
        .createTable('clients')
        .addColumn('id', sql.text, (it) => it.primaryKey().notNull())
        .addColumn('kind', sql.text, (it) => it.notNull())
        .addColumn('name', sql.text, (it) => it.notNull().unique())
        .addColumn('created_at', sql.integer, (it) => it.notNull()),
    ),
  );
  yield* execute(
    sql.table(
      schema
        .createTable('client_secrets')
        .addColumn('id', sql.text, (it) => it.primaryKey().notNull())
        .addColumn('client_id', sql.text, (it) =>
          it.notNull().references('clients.id').onDelete('cascade'),
        )
        .addColumn('hash', sql.text, (it) => it.notNull())
        .addColumn('created_at', sql.integer, (it) => it.notNull())
        .addColumn('ends_at', sql.integer),
    ),
  );
  yield* execute(
    schema.createIndex('client_secrets_client').on('client_secrets').column('client_id'),
  );
  const statements = [
    `insert into clients (id, kind, name, created_at)
      select id, 'guard', name, created_at from guards`,
    `insert into client_secrets (id, client_id, hash, created_at)
      select id, id, key_hash, created_at from guards`,
    'drop table guards',
    `create view guards as
      select clients.id, clients.name, client_secrets.hash as key_hash, clients.created_at
      from clients join client_secrets on client_secrets.client_id = clients.id
      where clients.kind = 'guard' and client_secrets.ends_at is null`,
  ];
  for (const text of statements) yield { text, values: [] };
}

/** Until now there were root keys for tokens alone. The first server to start makes those for data. */
function* rootKinds({ db: { schema }, text }: Sql): Steps<void> {
  yield* execute(
    schema
      .alterTable('envelopes')
      .addColumn('kind', text, (it) => it.notNull().defaultTo('tokens')),
  );
}
