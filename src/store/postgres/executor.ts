import pg from 'pg';
import { StoreUnavailable } from '../../kernel/errors.ts';
import type { EnterStep } from '../../kernel/timing/step-watch.ts';
import { tooManyWaiting } from '../call-refusals.ts';
import { type Migration, migrate } from '../migrate.ts';
import { AWAITING_MIGRATION } from '../opening.ts';
import type { Sql } from '../sql/sql.ts';
import { awaitSteps, type Rows, type Step, type Steps, type Value } from '../sql/steps.ts';
import type { PostgresClient } from './connection/client.ts';
import { toConnectionError } from './connection/connection-failures.ts';
import type { PostgresLocation } from './connection/location.ts';
import { NothingDone, StalePlan, toStoreError } from './failures.ts';
import { StatementNames } from './statement-names.ts';

/** The driver's limit for a statement of a migration. The caller that opens the store watches how long it takes. */
const MIGRATION_QUERY_TIMEOUT_MS = 86_400_000;
/** A call runs again if it collided with another transaction, or if its statement must be prepared again. */
const MAX_ATTEMPTS = 4;

/** Runs steps on connections of a pool. */
export class PostgresExecutor {
  readonly #pool: pg.Pool;
  /** All clients of the pool, including those that are connecting. */
  readonly #clients = new Set<PostgresClient>();
  #isAborted = false;
  readonly #maxWaiting: number;
  readonly #isPasswordGiven: boolean;
  readonly #names = new StatementNames();

  constructor({ connection, Client, ...location }: PostgresLocation) {
    const clients = this.#clients;
    const isAborted = () => this.#isAborted;
    class PooledClient extends Client {
      constructor(config?: string | pg.ClientConfig) {
        super(config);
        clients.add(this);
        if (isAborted()) setImmediate(() => this.abort());
        // An idle connection that breaks leaves the pool. There is no caller to tell.
        this.on('error', () => {});
        this.once('end', () => clients.delete(this));
      }
    }
    this.#maxWaiting = location.maxWaiting;
    this.#isPasswordGiven = connection.password !== undefined;
    this.#pool = new pg.Pool({
      ...connection,
      Client: PooledClient,
      max: location.poolSize,
      idleTimeoutMillis: 60_000,
      connectionTimeoutMillis: location.connectTimeoutMs,
      // The server ends a slow statement. If the server cannot be reached, the client gives up by itself.
      query_timeout: location.statementTimeoutMs + 1_000,
      onConnect: async (client) => {
        // Not as parameters of the connection, because poolers refuse them. A node that stops in the middle of a
        // transaction must not hold its locks for long.
        await client.query(`set statement_timeout = ${location.statementTimeoutMs};
          set idle_in_transaction_session_timeout = ${location.statementTimeoutMs}`);
      },
    });
    this.#pool.on('error', () => {});
  }

  /**
   * Runs steps, each as a transaction of its own.
   * @throws {StoreUnavailable}
   */
  runStatements<T>(createSteps: () => Steps<T>): Promise<T> {
    return this.#retry(() =>
      this.#withClient((client) => awaitSteps(createSteps(), this.#executorOf(client))),
    );
  }

  /**
   * Runs steps as one transaction, which is committed when this resolves.
   * @throws {StoreUnavailable} if it is not committed, or if the connection broke before the database confirmed it
   */
  runTransaction<T>(createSteps: () => Steps<T>): Promise<T> {
    return this.#retry(() =>
      this.#withClient((client) =>
        transact(client, () => awaitSteps(createSteps(), this.#executorOf(client))),
      ),
    );
  }

  /** Brings the schema up to date. */
  migrate(sql: Sql, lock: Step, enter: EnterStep): Promise<Migration> {
    function* locked(): Steps<Migration> {
      yield { text: 'set local statement_timeout = 0', values: [] };
      enter(AWAITING_MIGRATION);
      yield lock;
      enter({ doing: "reading the version of the database's schema" });
      return yield* migrate(sql, enter);
    }
    // A deadlock is possible, and then this runs again: altering tables locks them in another order than the verbs of
    // older nodes do.
    return this.#retry(() =>
      this.#withClient((client) =>
        transact(client, () =>
          awaitSteps(locked(), (step) =>
            execute(client, { ...step, query_timeout: MIGRATION_QUERY_TIMEOUT_MS }),
          ),
        ),
      ),
    );
  }

  /** Makes every call fail, those in flight and those to come. */
  abort(): void {
    this.#isAborted = true;
    for (const client of this.#clients) client.abort();
  }

  /** Ends the connections, which must all be idle. */
  async close(): Promise<void> {
    const gone = [...this.#clients].map((it) => new Promise((resolve) => it.once('end', resolve)));
    await this.#pool.end();
    await Promise.all(gone);
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof NothingDone) || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    if (this.#pool.waitingCount >= this.#maxWaiting) {
      throw tooManyWaiting();
    }
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw toConnectionError(error, this.#isPasswordGiven);
    });
    try {
      const answer = await work(client);
      client.release();
      return answer;
    } catch (error) {
      // A connection with trouble is not used again: its server may be gone, or no longer the primary.
      client.release(error instanceof StoreUnavailable);
      throw error;
    }
  }

  #executorOf(client: pg.PoolClient): (step: Step) => Promise<Rows> {
    return async ({ text, values }) => {
      const name = this.#names.nameOf(text);
      try {
        return await execute(client, { name, text, values });
      } catch (error) {
        if (error instanceof StalePlan) this.#names.retire(name);
        throw error;
      }
    };
  }
}

interface Statement {
  readonly text: string;
  readonly values?: Step['values'];
  readonly name?: string;
  readonly query_timeout?: number;
}

async function execute(client: pg.PoolClient, statement: Statement): Promise<Rows> {
  try {
    const { values = [], ...rest } = statement;
    return (await client.query({ ...rest, values: values.map(toText) })).rows;
  } catch (error) {
    throw toStoreError(error);
  }
}

/**
 * PostgreSQL cannot store the character NUL in a text. No row has a text with it, so such a text is replaced by one
 * that is in no row either: the replacement character, which half a surrogate pair becomes as well.
 */
function toText(value: Value): Value {
  return typeof value === 'string' && value.includes('\0')
    ? value.replaceAll('\0', '\uFFFD')
    : value;
}

async function transact<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  await command(client, 'BEGIN ISOLATION LEVEL READ COMMITTED');
  let answer: T;
  try {
    answer = await work();
  } catch (error) {
    // If the database is unavailable, the connection is closed, which ends the transaction.
    if (!(error instanceof StoreUnavailable)) await command(client, 'ROLLBACK');
    throw error;
  }
  await command(client, 'COMMIT');
  return answer;
}

async function command(client: pg.PoolClient, text: 'COMMIT' | 'ROLLBACK' | `BEGIN ${string}`) {
  try {
    const done = await client.query(text);
    // A transaction that failed answers COMMIT with ROLLBACK, without an error.
    if (text === 'COMMIT' && done.command !== 'COMMIT') {
      throw new Error('The transaction was rolled back instead of committed.');
    }
  } catch (error) {
    throw toStoreError(error);
  }
}
