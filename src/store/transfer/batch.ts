import { FORMER_TABLE_NAMES, TABLE_NAMES, type TableName } from '../schema.ts';
import type { Value } from '../sql/steps.ts';

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
export function isCopiedTable(name: unknown): name is string {
  return [...TABLE_NAMES, ...FORMER_TABLE_NAMES].some((it) => it === name);
}
