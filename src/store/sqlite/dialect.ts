import { createRequire } from 'node:module';
import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import type { StatementSource } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { statements } from './statements.ts';

const require = createRequire(import.meta.url);

/**
 * The SQL of SQLite. Kysely is loaded only when a statement must be built: for a migration, or if the statement was not
 * compiled beforehand.
 */
export function createSqliteSql(source: StatementSource = { compiled: statements }): Sql {
  let db: Kysely<Database> | undefined;
  return {
    ...source,
    get db() {
      db ??= createBuilder();
      return db;
    },
    forUpdate: (selection) => selection,
    skipLocked: (selection) => selection,
    keepRows: '',
    *lockName() {},
    parameter: () => '?',
    text: 'text',
    integer: 'integer',
    counter: (column) => column.primaryKey().autoIncrement(),
    table: (table) => table.modifyEnd(loadKysely().sql`strict`),
    // One transaction writes at a time, so entries are in order without triggers. There are no listeners.
    *installLogTriggers() {},
    *dropLogTriggers() {},
    installRoleTriggers,
    // They go with their table.
    *dropRoleTriggers() {},
    sharesDatabase: false,
    listTables: () =>
      `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'`,
    listColumns: (table) => `select name from pragma_table_info('${table}')`,
    listSchemas: undefined,
    // Every encoding of SQLite holds all of Unicode.
    *assertUsable() {},
  };
}

function* installRoleTriggers(): Steps<void> {
  const add = `insert into user_roles (role, user_id)
    select distinct value, new.id from json_each(new.roles)`;
  const remove = `delete from user_roles
    where user_id = old.id and role in (select value from json_each(old.roles))`;
  const statements = [
    `create trigger user_roles_insert after insert on users when new.roles <> '[]' begin ${add}; end`,
    `create trigger user_roles_update after update of roles on users begin ${remove}; ${add}; end`,
    `create trigger user_roles_delete after delete on users when old.roles <> '[]' begin ${remove}; end`,
  ];
  for (const text of statements) yield { text, values: [] };
}

function loadKysely(): typeof import('kysely') {
  return require('kysely');
}

function createBuilder(): Kysely<Database> {
  const { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } =
    loadKysely();
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (it) => new SqliteIntrospector(it),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}
