import { isJsonObject } from '../../kernel/encoding/json.ts';
import { type Batch, isCopiedTable, type RowCounts } from './batch.ts';

/**
 * A backup is a text of one JSON value a line, each ended by the byte 0x0A: a header, then batches of rows,
 * then the counts and the SHA-256 of all bytes before that last line. It is the same for every kind of
 * database.
 */
export const BACKUP_FORMAT = 1;

/** The first line of a backup. */
export interface Header {
  /** The version of the format. */
  readonly latchkey_backup: number;
  /** The version of the schema. */
  readonly schema: number;
  /** ISO 8601. */
  readonly created_at: string;
}

/** The last line of a backup. */
export interface Footer {
  readonly counts: RowCounts;
  /** In hexadecimal. */
  readonly sha256: string;
}

export function isBatch(value: unknown): value is Batch {
  if (!isJsonObject(value)) return false;
  const { table, columns, rows } = value;
  return (
    isCopiedTable(table) &&
    isListOf(columns, (it) => typeof it === 'string') &&
    Array.isArray(rows) &&
    rows.every((row) => isListOf(row, isValue) && row.length === columns.length)
  );
}

export function isFooter(value: unknown): value is Footer & Record<string, unknown> {
  return (
    isJsonObject(value) && isJsonObject(value['counts']) && typeof value['sha256'] === 'string'
  );
}

function isValue(it: unknown): it is string | number | null {
  return it === null || typeof it === 'string' || Number.isSafeInteger(it);
}

function isListOf<T>(value: unknown, is: (it: unknown) => it is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}
