import { sql as raw } from 'kysely';
import type { Envelope } from '../../auth/keys/envelope.ts';
import type { DatabaseLocation } from '../../config/database.ts';
import { TransferRefused } from '../../kernel/errors.ts';
import { applyMigrations, createMigrationsTable, schemaVersion } from '../migrate.ts';
import { describeForeign, inspectDatabase } from '../ownership.ts';
import { TABLE_NAMES, TABLES } from '../schema.ts';
import { awaitSteps, type Steps, type Value } from '../sql/steps.ts';
import type { Batch, Counts, RowCounts } from './batch.ts';
import type { TransferConnection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/** Rows of a batch. It also has about as many characters as this, however large the profiles are. */
const firstBatch = 50;
const mostRows = 500;
const aimedCharacters = 4 * 1024 * 1024;

/**
 * A database to be copied, or to be filled with a copy: all rows of all tables, as they are, whatever
 * kind of database it is.
 */
export class Transfer {
  readonly #connection: TransferConnection;

  private constructor(connection: TransferConnection) {
    this.#connection = connection;
  }

  /**
   * Opens a database that has the schema this program knows, and changes nothing.
   * @throws {TransferRefused} where the schema is another one
   * @throws {StoreUnavailable}
   */
  static async open(location: DatabaseLocation): Promise<Transfer> {
    const connection = await openConnection(location);
    const transfer = new Transfer(connection);
    try {
      await transfer.#assertSchema();
      return transfer;
    } catch (error) {
      await connection.close().catch(() => {});
      throw error;
    }
  }

  /** Runs `work` on the database as it is at this moment, whatever others write meanwhile. */
  read<T>(work: () => Promise<T>): Promise<T> {
    return this.#transact('read', work);
  }

  /** Runs `work` as one transaction. What it throws undoes everything. */
  write<T>(work: () => Promise<T>): Promise<T> {
    return this.#transact('write', work);
  }

  /** All rows of all tables; to be used inside `read` or `write`. */
  async *batches(): AsyncGenerator<Batch> {
    for (const name of TABLE_NAMES) {
      const { key } = TABLES[name];
      let after: Value | undefined;
      let limit = firstBatch;
      for (;;) {
        const from = after === undefined ? raw`` : raw`where ${raw.ref(key)} > ${after}`;
        const rows = await this.#run(
          raw`select * from ${raw.table(name)} ${from} order by ${raw.ref(key)} limit ${raw.lit(limit)}`,
        );
        const [first] = rows;
        if (first === undefined) break;
        const columns = Object.keys(first);
        const batch = {
          table: name,
          columns,
          rows: rows.map((row) => columns.map((it) => readValue(row, it))),
        };
        yield batch;
        const last = rows.at(-1);
        if (rows.length < limit || last === undefined) break;
        after = readValue(last, key);
        limit = chooseLimit(batch);
      }
    }
  }

  async count(): Promise<Counts> {
    return (await this.countRows(TABLE_NAMES)) as Counts;
  }

  /** @param names of tables, also of an earlier schema */
  async countRows(names: readonly string[]): Promise<RowCounts> {
    const counts: Record<string, number> = {};
    for (const name of names) {
      const [row] = await this.#run(raw`select count(*) as n from ${raw.table(name)}`);
      counts[name] = Number(row?.['n']);
    }
    return counts;
  }

  /** Replaces all tables with the empty tables of an earlier schema; to be used inside `write`. */
  async rebuild(version: number): Promise<void> {
    const { sql } = this.#connection;
    await this.#run(raw`drop view guards`);
    for (const name of TABLE_NAMES.toReversed())
      await this.#run(raw`drop table ${raw.table(name)}`);
    await this.#run(raw`drop table latchkey_migrations`);
    await this.#runSteps(sql.dropLogTriggers());
    await this.#runSteps(createMigrationsTable(sql));
    await this.#runSteps(applyMigrations(sql, { from: 0, to: version }));
  }

  /** Brings the tables of {@link rebuild} and their rows to a later schema; by default to this program's. */
  async upgrade(from: number, to = schemaVersion): Promise<void> {
    await this.#runSteps(applyMigrations(this.#connection.sql, { from, to }));
  }

  async clear(): Promise<void> {
    for (const name of TABLE_NAMES.toReversed())
      await this.#run(raw`delete from ${raw.table(name)}`);
  }

  async insert({ table, columns, rows }: Batch): Promise<void> {
    const names = raw.join(columns.map((it) => raw.ref(it)));
    const tuples = rows.map((row) => raw`(${raw.join(row)})`);
    await this.#run(raw`insert into ${raw.table(table)} (${names}) values ${raw.join(tuples)}`);
  }

  /** Has the revocation log go on after all its entries, and by `gap` later than it would. */
  async continueLog(gap: number): Promise<void> {
    const [row] = await this.#run(raw`select max(seq) as seq from revocations`);
    const last = Number(row?.['seq'] ?? 0) + gap;
    if (last > 0) await this.#connection.moveLog(last);
  }

  /**
   * Ends all sessions. Every user's version is raised by `leap`, and access tokens of versions before are
   * refused until `revokeUntil` (ms since the epoch), when none of them can be alive.
   */
  async endSessions(leap: number, revokeUntil: number): Promise<void> {
    await this.#run(raw`delete from sessions`);
    await this.#run(raw`update users set token_version = token_version + ${raw.lit(leap)}`);
    await this.#run(
      raw`insert into revocations (kind, subject, version, expires_at)
        select 'user', id, token_version, ${raw.lit(revokeUntil)} from users order by id`,
    );
  }

  /**
   * Drops all signing keys, and replaces all root keys by those in the envelopes. The server that opens the database
   * next makes what is missing. Tokens of the signing keys are refused until `revokeUntil` (ms since the epoch) by
   * every verifier that still knows these.
   */
  async replaceKeys(envelopes: readonly Envelope[], revokeUntil: number): Promise<void> {
    await this.#run(
      raw`insert into revocations (kind, subject, version, expires_at)
        select 'key', kid, 0, ${raw.lit(revokeUntil)} from signing_keys order by kid`,
    );
    // Whoever knows others still, made after the backup, is to read again which there are.
    await this.#run(
      raw`insert into revocations (kind, subject, version, expires_at)
        values ('keys', '', 0, ${raw.lit(revokeUntil)})`,
    );
    await this.#run(raw`delete from signing_keys`);
    await this.#run(raw`delete from envelopes`);
    for (const { id, kind, sealed, createdAt, endsAt } of envelopes) {
      await this.#run(
        raw`insert into envelopes (id, kind, sealed, created_at, ends_at)
          values (${id}, ${kind}, ${sealed}, ${createdAt}, ${endsAt})`,
      );
    }
  }

  /** Ends all links, codes and challenges: one that was used after the backup would work again. */
  async dropOneTimeSecrets(): Promise<void> {
    await this.#run(raw`delete from one_time_secrets`);
  }

  /** The value of a name in the state that all nodes share, if it is there. */
  async findNodeState(name: string): Promise<string | undefined> {
    const [row] = await this.#run(raw`select value from facts where name = ${name}`);
    const value = row?.['value'];
    return typeof value === 'string' ? value : undefined;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #assertSchema(): Promise<void> {
    const contents = await this.#runSteps(inspectDatabase(this.#connection.sql));
    if (contents.kind === 'foreign') {
      throw new TransferRefused(describeForeign(this.#connection.sql, contents.tables));
    }
    if (contents.kind === 'empty') {
      throw new TransferRefused('There is no Latchkey database here: nothing has been made yet.');
    }
    const [row] = await this.#run(
      raw`select max(version) as version from ${raw.table(contents.migrations)}`,
    );
    const version = Number(row?.['version'] ?? 0);
    if (version === schemaVersion && contents.migrations === 'latchkey_migrations') return;
    throw new TransferRefused(
      version <= schemaVersion
        ? `The database is of an older version of Latchkey (its schema is ${version}, this version's is ${schemaVersion}). Start this version once, which brings it up to date.`
        : `The database is of a newer version of Latchkey (its schema is ${version}, this version knows ${schemaVersion}). Use that version.`,
    );
  }

  #runSteps<T>(steps: Steps<T>): Promise<T> {
    return awaitSteps(steps, (step) => this.#connection.execute(step));
  }

  async #run(statement: ReturnType<typeof raw>): Promise<Record<string, unknown>[]> {
    const { sql: text, parameters } = statement.compile(this.#connection.sql.db);
    const rows = await this.#connection.execute({ text, values: parameters as readonly Value[] });
    return rows.map((row) => Object(row));
  }

  async #transact<T>(mode: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    await this.#connection.begin(mode);
    try {
      const answer = await work();
      await this.#connection.commit();
      return answer;
    } catch (error) {
      await this.#connection.rollback().catch(() => {});
      throw error;
    }
  }
}

function chooseLimit({ rows }: Batch): number {
  const lengths = rows.flat().map((value) => (typeof value === 'string' ? value.length : 8));
  const characters = lengths.reduce((total, length) => total + length, 0);
  const fitting = Math.floor((rows.length * aimedCharacters) / characters);
  return Math.max(1, Math.min(mostRows, fitting));
}

function readValue(row: Record<string, unknown>, column: string): Value {
  const value = row[column];
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`The column "${column}" holds what no copy can hold.`);
}
