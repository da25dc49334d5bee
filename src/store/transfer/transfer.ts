import { sql as raw } from 'kysely';
import type { Envelope } from '../../auth/keys/envelope.ts';
import type { DatabaseLocation } from '../../config/database.ts';
import { TransferRefused } from '../../kernel/errors.ts';
import { applyMigrations, createMigrationsTable, schemaVersion } from '../migrate.ts';
import { describeForeign, inspectDatabase } from '../ownership.ts';
import { DERIVED_TABLE_NAMES, TABLE_NAMES, TABLES } from '../schema.ts';
import { awaitSteps, type Steps, type Value } from '../sql/steps.ts';
import type { Batch, Counts, RowCounts } from './batch.ts';
import type { TransferConnection } from './connection.ts';
import { openConnection } from './open-connection.ts';

/** The number of rows in a batch adapts, so that a batch has about the same size, however large the profiles are. */
const FIRST_BATCH_ROWS = 50;
const MAX_BATCH_ROWS = 500;
const TARGET_BATCH_CHARACTERS = 4 * 1024 * 1024;

/**
 * A database that is copied, or filled with a copy: all rows of all tables, unchanged, on every kind of database.
 */
export class Transfer {
  readonly #connection: TransferConnection;

  private constructor(connection: TransferConnection) {
    this.#connection = connection;
  }

  /**
   * Opens a database that has the schema of this program, without changing it.
   * @throws {TransferRefused} if it has another schema
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

  /** Runs `work` on the database as it is now. Writes of other processes do not show. */
  read<T>(work: () => Promise<T>): Promise<T> {
    return this.#transact('read', work);
  }

  /** Runs `work` as one transaction, which is rolled back if it throws. */
  write<T>(work: () => Promise<T>): Promise<T> {
    return this.#transact('write', work);
  }

  /** Reads all rows of all tables. Use it inside `read` or `write`. */
  async *batches(): AsyncGenerator<Batch> {
    for (const name of TABLE_NAMES) {
      const { key } = TABLES[name];
      let after: Value | undefined;
      let limit = FIRST_BATCH_ROWS;
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

  /** @param names the tables, which may be those of an earlier schema */
  async countRows(names: readonly string[]): Promise<RowCounts> {
    const counts: Record<string, number> = {};
    for (const name of names) {
      const [row] = await this.#run(raw`select count(*) as n from ${raw.table(name)}`);
      counts[name] = Number(row?.['n']);
    }
    return counts;
  }

  /** Replaces all tables with the empty tables of an earlier schema. Use it inside `write`. */
  async rebuild(version: number): Promise<void> {
    const { sql } = this.#connection;
    await this.#run(raw`drop view guards`);
    for (const name of TABLE_NAMES.toReversed())
      await this.#run(raw`drop table ${raw.table(name)}`);
    for (const name of DERIVED_TABLE_NAMES) await this.#run(raw`drop table ${raw.table(name)}`);
    await this.#run(raw`drop table latchkey_migrations`);
    await this.#runSteps(sql.dropLogTriggers());
    await this.#runSteps(sql.dropRoleTriggers());
    await this.#runSteps(createMigrationsTable(sql));
    await this.#runSteps(applyMigrations(sql, { from: 0, to: version }));
  }

  /** Brings the tables of {@link rebuild} and their rows to a later schema. Default: the schema of this program. */
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

  /** Makes the revocation log go on after all its entries, and leaves out `gap` positions. */
  async continueLog(gap: number): Promise<void> {
    const [row] = await this.#run(raw`select max(seq) as seq from revocations`);
    const last = Number(row?.['seq'] ?? 0) + gap;
    if (last > 0) await this.#connection.moveLog(last);
  }

  /**
   * Ends all sessions. It raises the token version of every user by `leap`, and refuses access tokens of lower versions
   * until `revokeUntil` (ms since the epoch), when all of them have expired.
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
   * Removes all signing keys, and replaces all root keys by those in the envelopes. The next server that opens the
   * database makes the missing keys. Every verifier that still knows the removed signing keys refuses their tokens until
   * `revokeUntil` (ms since the epoch).
   */
  async replaceKeys(envelopes: readonly Envelope[], revokeUntil: number): Promise<void> {
    await this.#run(
      raw`insert into revocations (kind, subject, version, expires_at)
        select 'key', kid, 0, ${raw.lit(revokeUntil)} from signing_keys order by kid`,
    );
    // Nodes may know other keys, made after the backup. This entry makes them read the keys again.
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

  /**
   * Ends all links, codes and challenges, as those used after the backup would work again, and mails that waited.
   * Attempts are counted from zero.
   */
  async dropPassing(): Promise<void> {
    await this.#run(raw`delete from one_time_secrets`);
    await this.#run(raw`delete from attempt_limits`);
    await this.#run(raw`delete from mails`);
  }

  /**
   * Bars codes of authenticators up to a time step, as those used after the backup would work again, and drops
   * authenticators that were not confirmed.
   */
  async barSteps(upTo: number): Promise<void> {
    await this.#run(raw`delete from authenticators where confirmed_at is null`);
    await this.#run(raw`update authenticators set last_step = ${upTo} where last_step < ${upTo}`);
  }

  /** Removes all second factors, which cannot be opened. @returns the ids of the users who had one */
  async dropFactors(): Promise<string[]> {
    const rows = await this.#run(
      raw`select id from users where second_factor_at is not null order by id`,
    );
    await this.#run(raw`delete from authenticators`);
    await this.#run(raw`delete from recovery_codes`);
    await this.#run(raw`update users set second_factor_at = null`);
    return rows.map((row) => String(row['id']));
  }

  /** The ids of users with an event of one of these types since a time (ms since the epoch). */
  async findUsersOfEvents(types: readonly string[], since: number): Promise<string[]> {
    const listed = raw.join(types);
    const rows = await this.#run(
      raw`select distinct user_id from audit_events
        where type in (${listed}) and at >= ${since} and user_id is not null order by user_id`,
    );
    return rows.map((row) => String(row['user_id']));
  }

  /** What people call a user; undefined if there is no such user. */
  async findNames(
    id: string,
  ): Promise<{ username: string | null; email: string | null } | undefined> {
    const [row] = await this.#run(raw`select username, email from users where id = ${id}`);
    if (row === undefined) return undefined;
    const read = (name: string) => (typeof row[name] === 'string' ? String(row[name]) : null);
    return { username: read('username'), email: read('email') };
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
  const fitting = Math.floor((rows.length * TARGET_BATCH_CHARACTERS) / characters);
  return Math.max(1, Math.min(MAX_BATCH_ROWS, fitting));
}

function readValue(row: Record<string, unknown>, column: string): Value {
  const value = row[column];
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`The column "${column}" has a value that cannot be copied.`);
}
