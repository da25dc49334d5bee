import { DERIVED_TABLE_NAMES, FORMER_TABLE_NAMES, TABLE_NAMES } from './schema.ts';
import type { Sql } from './sql/sql.ts';
import type { Steps } from './sql/steps.ts';

/** What a database holds, before anything is written to it. */
export type Contents =
  | { readonly kind: 'empty' }
  /** Tables of Latchkey. Version 0.1 kept its list of migrations in `schema_migrations`. */
  | { readonly kind: 'latchkey'; readonly migrations: 'latchkey_migrations' | 'schema_migrations' }
  /** Tables of another program, of which these are in the way. */
  | { readonly kind: 'foreign'; readonly tables: readonly string[] };

/** Many programs use this name for their own list of migrations. */
const OLD_MIGRATIONS_TABLE = 'schema_migrations';

/**
 * Finds out whose database this is. A database of another program must never be taken for one that a newer version
 * of Latchkey made, and must never get tables beside those of that program.
 */
export function* inspectDatabase(sql: Sql): Steps<Contents> {
  const found = yield* listNames(sql.listTables());
  if (found.includes('latchkey_migrations')) {
    return { kind: 'latchkey', migrations: 'latchkey_migrations' };
  }
  if (found.includes(OLD_MIGRATIONS_TABLE) && (yield* isOldList(sql, found))) {
    return { kind: 'latchkey', migrations: OLD_MIGRATIONS_TABLE };
  }
  // The first migrations create the former tables as well.
  const needed = new Set<string>([
    ...TABLE_NAMES,
    ...DERIVED_TABLE_NAMES,
    ...FORMER_TABLE_NAMES,
    OLD_MIGRATIONS_TABLE,
  ]);
  const inTheWay = sql.sharesDatabase ? found.filter((name) => needed.has(name)) : found;
  return inTheWay.length > 0 ? { kind: 'foreign', tables: inTheWay } : { kind: 'empty' };
}

function* isOldList(sql: Sql, found: readonly string[]): Steps<boolean> {
  if (!['users', 'revocations', 'envelopes'].every((name) => found.includes(name))) return false;
  const columns = yield* listNames(sql.listColumns(OLD_MIGRATIONS_TABLE));
  if (columns.toSorted().join() !== 'name,version') return false;
  const rows = yield {
    text: `select name from ${OLD_MIGRATIONS_TABLE} where version = 1`,
    values: [],
  };
  return readNames(rows)[0] === 'initial';
}

/** Runs a statement that returns a column `name`. */
export function* listNames(text: string): Steps<string[]> {
  return readNames(yield { text, values: [] });
}

function readNames(rows: readonly unknown[]): string[] {
  return rows.map((row) => String(Object(row).name));
}

/** Says that this is a database of another program, and what to do. */
export function describeForeign(sql: Sql, found: readonly string[]): string {
  const limit = 8;
  const listed = found.slice(0, limit).join(', ') + (found.length > limit ? ' and more' : '');
  return `This database belongs to another program: it has ${found.length === 1 ? 'a table' : 'tables'} named ${listed}. Give Latchkey ${sql.sharesDatabase ? 'a database of its own, or a schema of its own: add options=-c%20search_path%3DNAME to the URL' : 'a file of its own'}.`;
}
