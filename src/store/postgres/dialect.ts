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

/** A transaction that appends to the revocation log notifies this channel. */
export const REVOCATION_CHANNEL = 'latchkey_revocations';

/** The SQL of PostgreSQL. */
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
    // Statements are compiled at their first use, as some of them are built with Kysely's template.
    compiled: {},
    db,
    raw,
    // No key ever changes, so inserts that only refer to the row need not wait.
    forUpdate: (selection) => selection.forNoKeyUpdate(),
    skipLocked: (selection) => selection.forUpdate().skipLocked(),
    keepRows: ' for key share',
    *lockName(name) {
      yield { text: `select ${nameLockCall('$1')}`, values: [name] };
    },
    parameter: (place) => `$${place}`,
    // Any other collation may change with the libraries of the system. An index that is still ordered by the old one
    // can then hold a name twice.
    text: raw`text collate "C"`,
    integer: 'bigint',
    counter: (column) => column.primaryKey().generatedByDefaultAsIdentity(),
    table: (table) => table,
    installLogTriggers,
    dropLogTriggers,
    installRoleTriggers,
    *dropRoleTriggers() {
      yield { text: 'drop function latchkey_keep_roles()', values: [] };
    },
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

/** A name may have any character of Unicode, so the encoding of the database must have them all. */
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
 * A sequence gives out its numbers when rows are inserted, not when they are committed. The later of two transactions
 * may commit first: a reader then sees 7, goes on from there, and never sees 6. Therefore a transaction that appends
 * waits for a lock before it draws its number, and holds the lock until its commit is visible. A reader that sees an
 * entry then sees all entries before it.
 *
 * Appending transactions commit one after another, which costs next to nothing: they notify, and PostgreSQL makes
 * notifying transactions wait for each other's commits anyway. Every verb takes this lock last (locks.ts has the lock
 * order), so it cannot be part of a deadlock. The trigger runs once per statement, before it: a trigger per row would
 * take the lock after the number was drawn.
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
        perform pg_catalog.pg_notify('${REVOCATION_CHANNEL}', '');
        return null;
      end $$`,
    `create trigger latchkey_tell_log after insert on revocations
      for each row execute function latchkey_tell_log()`,
  ];
  for (const text of statements) yield { text, values: [] };
}

function* installRoleTriggers(): Steps<void> {
  const make = (name: string, when: string) =>
    `create trigger ${name} ${when} execute function latchkey_keep_roles()`;
  const statements = [
    `create function latchkey_keep_roles() returns trigger language plpgsql as $$
      begin
        if tg_op <> 'INSERT' then
          delete from user_roles where user_id = old.id
            and role in (select pg_catalog.jsonb_array_elements_text(old.roles::jsonb));
        end if;
        if tg_op <> 'DELETE' then
          insert into user_roles (role, user_id)
            select distinct role, new.id
            from pg_catalog.jsonb_array_elements_text(new.roles::jsonb) as role;
        end if;
        return null;
      end $$`,
    make('user_roles_insert', `after insert on users for each row when (new.roles <> '[]')`),
    make('user_roles_update', 'after update of roles on users for each row'),
    make('user_roles_delete', `after delete on users for each row when (old.roles <> '[]')`),
  ];
  for (const text of statements) yield { text, values: [] };
}

/** The triggers were dropped with their table. */
function* dropLogTriggers(): Steps<void> {
  for (const name of ['latchkey_lock_log', 'latchkey_tell_log']) {
    yield { text: `drop function ${name}()`, values: [] };
  }
}
