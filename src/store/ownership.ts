import { FORMER_TABLE_NAMES, TABLE_NAMES } from './schema.ts';
import type { Sql } from './sql/sql.ts';
import type { Steps } from './sql/steps.ts';

/** What a database holds, before anything is written to it. */
export type Contents =
  | { readonly kind: 'empty' }
  /** Latchkey's; version 0.1 kept its list of migrations in `schema_migrations`. */
  | { readonly kind: 'latchkey'; readonly migrations: 'latchkey_migrations' | 'schema_migrations' }
  /** Another program's; these tables stand in the way. */
  | { readonly kind: 'foreign'; readonly tables: readonly string[] };

/** A name that many programs use for their own list of migrations. */
const oldName = 'schema_migrations';

/**
 * Looks whose database this is. A database that another program owns must never be taken for one that a
 * newer version made, nor get tables among those of that program.
 */
export function* inspectDatabase(sql: Sql): Steps<Contents> {
  const found = yield* listNames(sql.listTables());
  if (found.includes('latchkey_migrations')) {
    return { kind: 'latchkey', migrations: 'latchkey_migrations' };
  }
  if (found.includes(oldName) && (yield* isOldList(sql, found))) {
    return { kind: 'latchkey', migrations: oldName };
  }
  // The first migrations make the former tables too.
  const needed = new Set<string>([...TABLE_NAMES, ...FORMER_TABLE_NAMES, oldName]);
  const inTheWay = sql.sharesDatabase ? found.filter((name) => needed.has(name)) : found;
  return inTheWay.length > 0 ? { kind: 'foreign', tables: inTheWay } : { kind: 'empty' };
}

function* isOldList(sql: Sql, found: readonly string[]): Steps<boolean> {
  if (!['users', 'revocations', 'envelopes'].every((name) => found.includes(name))) return false;
  const columns = yield* listNames(sql.listColumns(oldName));
  if (columns.toSorted().join() !== 'name,version') return false;
  const rows = yield { text: `select name from ${oldName} where version = 1`, values: [] };
  return readNames(rows)[0] === 'initial';
}

/** Runs a statement that answers a column `name`. */
export function* listNames(text: string): Steps<string[]> {
  return readNames(yield { text, values: [] });
}

function readNames(rows: readonly unknown[]): string[] {
  return rows.map((row) => String(Object(row).name));
}

/** What to tell whoever named a database of another program. */
export function describeForeign(sql: Sql, found: readonly string[]): string {
  const most = 8;
  const listed = found.slice(0, most).join(', ') + (found.length > most ? ' and more' : '');
  return `This database belongs to another program: it has ${found.length === 1 ? 'a table' : 'tables'} named ${listed}. Give Latchkey ${sql.sharesDatabase ? 'a database of its own, or a schema of its own: add options=-c%20search_path%3DNAME to the URL' : 'a file of its own'}.`;
}
