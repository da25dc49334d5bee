import { createHash, type Hash } from 'node:crypto';
import { TABLE_NAMES, type TableName } from '../schema.ts';
import type { Batch, Counts } from './batch.ts';

/** A copy must have the same summary: the number of rows of each table, and a hash of them. */
export interface Summary {
  readonly counts: Counts;
  /** SHA-256, in hexadecimal. */
  readonly checksums: Readonly<Record<TableName, string>>;
}

/** Counts and hashes the rows of batches. */
export class Summarizer {
  readonly #hashes = new Map<string, { hash: Hash; count: number }>(
    TABLE_NAMES.map((name) => [name, { hash: createHash('sha256'), count: 0 }]),
  );

  add({ table, columns, rows }: Batch): void {
    const sum = this.#hashes.get(table);
    if (sum === undefined) throw new Error(`No table is called ${table}.`);
    // Each value with its column, because two databases may have their columns in different orders.
    const order = columns.toSorted().map((name) => [name, columns.indexOf(name)] as const);
    for (const row of rows) {
      sum.hash.update(`${JSON.stringify(order.map(([name, at]) => [name, row[at]]))}\n`);
    }
    sum.count += rows.length;
  }

  /** Call it once. */
  end(): Summary {
    const entries = [...this.#hashes].map(
      ([name, { hash, count }]) => [name, count, hash.digest('hex')] as const,
    );
    return {
      counts: Object.fromEntries(entries.map(([name, count]) => [name, count])) as Counts,
      checksums: Object.fromEntries(
        entries.map(([name, , checksum]) => [name, checksum]),
      ) as Summary['checksums'],
    };
  }
}

/** The tables in which two copies differ. */
export function findDifferences(one: Summary, other: Summary): TableName[] {
  return TABLE_NAMES.filter((name) => one.checksums[name] !== other.checksums[name]);
}
