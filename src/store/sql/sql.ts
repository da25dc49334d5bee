import type {
  ColumnDefinitionBuilder,
  CreateTableBuilder,
  Kysely,
  SelectQueryBuilder,
} from 'kysely';
import type { Database } from '../schema.ts';

/** What the verbs and migrations need to know of a database. */
export interface Sql {
  /** Builds and compiles statements; it never runs one. */
  readonly db: Kysely<Database>;

  /**
   * Marks a selection whose rows this transaction will decide upon, so that no other transaction
   * changes them meanwhile. SQLite admits one writer at a time and needs no mark.
   */
  forUpdate<TB extends keyof Database, O>(
    selection: SelectQueryBuilder<Database, TB, O>,
  ): SelectQueryBuilder<Database, TB, O>;

  /** The type of a column for ms since the epoch, counters and versions: 53 bits at least. */
  readonly integer: 'integer' | 'bigint';
  /** A primary key that the database counts up and never uses twice. */
  counter(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** The last touch on every new table. */
  table<T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ): CreateTableBuilder<T, C>;
}
