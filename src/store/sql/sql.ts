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

/** The differences between databases that verbs and migrations need to know. */
export interface Sql extends StatementSource {
  /** Builds and compiles statements; it never runs one. */
  readonly db: Kysely<Database>;

  /**
   * Locks the selected rows until the transaction ends, so that no other transaction changes them in between.
   * SQLite admits one writer at a time and needs no lock.
   */
  forUpdate<TB extends keyof Database, O>(
    selection: SelectQueryBuilder<Database, TB, O>,
  ): SelectQueryBuilder<Database, TB, O>;

  /** Locks the selected rows for removal, and leaves out those that another transaction has locked. */
  skipLocked<TB extends keyof Database, O>(
    selection: SelectQueryBuilder<Database, TB, O>,
  ): SelectQueryBuilder<Database, TB, O>;

  /**
   * Ends a selection whose rows must not be removed until the transaction ends. Other changes of the rows go on.
   */
  readonly keepRows: '' | ' for key share';

  /**
   * Makes transactions that lock the same name run one after another. SQLite admits one writer at a time and needs
   * no lock.
   */
  lockName(name: string): Steps<void>;

  /** How the text of a statement refers to the parameter at this place, counted from 1. */
  parameter(place: number): string;

  /** The type of a text column. Text is compared and ordered by its bytes. */
  readonly text: 'text' | RawBuilder<string>;
  /** The type of a column for ms since the epoch, counters and versions: at least 53 bits. */
  readonly integer: 'integer' | 'bigint';
  /** Makes a primary key that the database counts up. It never uses a number twice. */
  counter(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder;
  /** Adds table options of the database (`STRICT` on SQLite). */
  table<T extends string, C extends string>(
    table: CreateTableBuilder<T, C>,
  ): CreateTableBuilder<T, C>;

  /**
   * Makes the entries of the revocation log visible in the order of their `seq`, and notifies listeners. A migration
   * runs it.
   */
  installLogTriggers(): Steps<void>;
  /** Removes what {@link installLogTriggers} made, after the table was dropped. */
  dropLogTriggers(): Steps<void>;

  /** Makes the triggers that keep `user_roles` equal to the roles of `users`. A migration runs it. */
  installRoleTriggers(): Steps<void>;
  /** Removes what {@link installRoleTriggers} made, after the tables were dropped. */
  dropRoleTriggers(): Steps<void>;

  /** Whether other programs may have tables in the same place. */
  readonly sharesDatabase: boolean;
  /** A statement that lists the tables and views in the place of Latchkey's tables, by `name`. */
  listTables(): string;
  /** A statement that lists the columns of such a table, by `name`. */
  listColumns(table: string): string;
  /**
   * A statement that lists the schema in which tables are created, then those of the search path that hold a
   * Latchkey database, by `name`. Undefined for a database without schemas.
   */
  readonly listSchemas: string | undefined;
  /** @throws {StoreUnavailable} if the database cannot hold every text */
  assertUsable(): Steps<void>;
}
