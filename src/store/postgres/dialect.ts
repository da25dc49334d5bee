import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql as raw,
} from 'kysely';
import { StoreUnavailable } from '../../kernel/errors.ts';
import type { StatementSql } from '../queries/single-statement.ts';
import type { Database } from '../schema.ts';
import type { Steps } from '../sql/steps.ts';
import { lockCall, nameLockCall } from './locks.ts';

/** Where a transaction that appends to the revocation log tells of it. */
export const revocationChannel = 'latchkey_revocations';

/** PostgreSQL's way of saying things. */
export function createPostgresSql(): StatementSql {
  const db = new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (it) => new PostgresIntrospector(it),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  return {
    // Compiled at their first use: the statements here are built by Kysely's own template as well.
    compiled: {},
    db,
    raw,
    // No key is ever changed, so those who only refer to the row need not wait.
    forUpdate: (selection) => selection.forNoKeyUpdate(),
    skipLocked: (selection) => selection.forUpdate().skipLocked(),
    *lockName(name) {
      yield { text: `select ${nameLockCall('$1')}`, values: [name] };
    },
    parameter: (place) => `$${place}`,
    // Any other collation may change with the system's libraries, and an index ordered by the old one
    // then holds a name twice.
    text: raw`text collate "C"`,
    integer: 'bigint',
    counter: (column) => column.primaryKey().generatedByDefaultAsIdentity(),
    table: (table) => table,
    installLogTriggers,
    dropLogTriggers,
    sharesDatabase: true,
    listTables: () =>
      `select c.relname as name from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relkind in ('r', 'p', 'v', 'm', 'f')
        order by c.relname`,
    listColumns: (table) =>
      `select a.attname as name from pg_catalog.pg_attribute a
        join pg_catalog.pg_class c on c.oid = a.attrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = current_schema() and c.relname = '${table}'
          and a.attnum > 0 and not a.attisdropped`,
    listSchemas: `select s.name from unnest(current_schemas(false)) with ordinality as s (name, place)
      where s.name = current_schema() or exists (
        select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = s.name and c.relname = 'latchkey_migrations')
      order by s.place`,
    assertUsable,
  };
}

/** A name may have any character of Unicode, and so must the database's encoding. */
function* assertUsable(): Steps<void> {
  const [row] = yield {
    text: `select pg_catalog.current_setting('server_encoding') as encoding`,
    values: [],
  };
  const { encoding } = Object(row);
  if (encoding === 'UTF8') return;
  throw new StoreUnavailable(
    `The encoding of this database is ${encoding}, which cannot hold every name. Make one with UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
  );
}

/**
 * A sequence gives its numbers when rows are inserted, not when they are committed. Of two transactions
 * the later may commit first: a reader then sees 7, goes on from there, and never sees 6. So whoever
 * appends waits for a lock before it draws its number and holds it until its commit is visible, and a
 * reader that sees an entry sees all that come before it.
 *
 * That appending transactions commit one after another costs next to nothing: they notify, and
 * PostgreSQL makes notifying transactions queue up for their commits in any case. Every verb takes this
 * lock last (locks.ts has the lock order), so it cannot be part of a deadlock. The trigger is one of the
 * statement: a trigger of the row would take the lock after the number was drawn.
 */
function* installLogTriggers(): Steps<void> {
  const statements = [
    `create function latchkey_lock_log() returns trigger language plpgsql as $$
      begin
        perform ${lockCall('log')};
        return null;
      end $$`,
    `create trigger latchkey_lock_log before insert on revocations
      for each statement execute function latchkey_lock_log()`,
    `create function latchkey_tell_log() returns trigger language plpgsql as $$
      begin
        perform pg_catalog.pg_notify('${revocationChannel}', '');
        return null;
      end $$`,
    `create trigger latchkey_tell_log after insert on revocations
      for each row execute function latchkey_tell_log()`,
  ];
  for (const text of statements) yield { text, values: [] };
}

/** The triggers went with their table. */
function* dropLogTriggers(): Steps<void> {
  for (const name of ['latchkey_lock_log', 'latchkey_tell_log']) {
    yield { text: `drop function ${name}()`, values: [] };
  }
}
