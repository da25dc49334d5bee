import type { Database } from '../schema.ts';
import type { Value } from '../sql/steps.ts';

/** What a copy consists of; the schema is the program's. */
export type TableName = Exclude<keyof Database, 'latchkey_migrations'>;

/** Tables with their keys, by which they are read in order; each after those it refers to. */
export const tables = [
  { name: 'users', key: 'id' },
  { name: 'sessions', key: 'id' },
  { name: 'revocations', key: 'seq' },
  { name: 'signing_keys', key: 'kid' },
  { name: 'envelopes', key: 'id' },
  { name: 'audit_events', key: 'id' },
  { name: 'one_time_secrets', key: 'id' },
  { name: 'facts', key: 'name' },
  { name: 'clients', key: 'id' },
  { name: 'client_secrets', key: 'id' },
] as const satisfies readonly { name: TableName; key: string }[];

/** Tables that only earlier schemas have. */
export const formerTables: readonly string[] = ['guards'];

/** Some rows of a table, in the order of its key; their values in the order of the columns. */
export interface Batch {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** How many rows of each table. A backup of an earlier schema may have other tables. */
export type RowCounts = Readonly<Record<string, number>>;

export type Counts = Readonly<Record<TableName, number>>;

/** Whether a backup of this schema or an earlier one can have a table of this name. */
export function isCopiedTable(name: unknown): boolean {
  return [...tables.map((table) => table.name as string), ...formerTables].some(
    (it) => it === name,
  );
}
