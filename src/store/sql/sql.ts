import type {
  ColumnDefinitionBuilder,
  CreateTableBuilder,
  Kysely,
  RawBuilder,
  SelectQueryBuilder,
} from 'kysely';
import type { Database } from '../schema.ts';
import type { StatementSource } from './query.ts';
import type { Steps } from './steps.ts';

/** What the verbs and migrations need to know of a database. */
export interface Sql extends StatementSource {
  /** Builds and compiles statements; it never runs one. */
  readonly db: Kysely<Database>;

  /**
   * Marks a selection whose rows this transaction will decide upon, so that no other transaction
   * changes them meanwhile. SQLite admits one writer at a time and needs no mark.
   */
  forUpdate<TB extends keyof Database, O>(
    selection: SelectQueryBuilder<Database, TB, O>,
  ): SelectQueryBuilder<Database, TB, O>;

  /** Marks a selection of rows to remove: those that another transaction holds are left to it. */
  skipLocked<TB extends keyof Database, O>(
    selection: SelectQueryBuilder<Database, TB, O>,
  ): SelectQueryBuilder<Database, TB, O>;

  /**
   * Has transactions that name the same take place one after another, each to its end. Databases that admit one
   * writer at a time need no lock.
   */
  lockName(name: string): Steps<void>;

  /** How a statement's text refers to its parameter of this place, counted from 1. */
  parameter(place: number): string;

  /** The type of a column for text, which is compared and ordered by its bytes. */
  readonly text: 'text' | RawBuilder<string>;
  /** The type of a column for ms since the epoch, counters and versions: 53 bits at least. */
  readonly integer: 'integer' | 'bigint';
  /** A primary key that the database counts up and never uses twice. */
  counter(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** The last touch on every new table. */
  table<T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ): CreateTableBuilder<T, C>;

  /**
   * Makes the entries of the revocation log visible in the order of their `seq`, and tells listeners of
   * them. Run by a migration.
   */
  installLogTriggers(): Steps<void>;
  /** Removes what {@link installLogTriggers} made. The table must be gone by then. */
  dropLogTriggers(): Steps<void>;

  /** Whether other programs may have tables beside Latchkey's. */
  readonly sharesDatabase: boolean;
  /** A statement that lists the tables and views where Latchkey's belong, by `name`. */
  listTables(): string;
  /** A statement that lists the columns of such a table, by `name`. */
  listColumns(table: string): string;
  /**
   * A statement that lists the schema where tables are made, then those in the search path that hold a
   * Latchkey database, by `name`; undefined where a database has no schemas.
   */
  readonly listSchemas: string | undefined;
  /** @throws {StoreUnavailable} where the database could not hold every text */
  assertUsable(): Steps<void>;
}
