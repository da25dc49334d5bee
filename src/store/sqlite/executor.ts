import type { Notice } from '../../auth/notice.ts';
import type { EnterStep } from '../../kernel/timing/step-watch.ts';
import { madeEmpty, migrate } from '../migrate.ts';
import { AWAITING_MIGRATION } from '../opening.ts';
import { createVerbs } from '../queries/index.ts';
import { isReadingVerb, type VerbName } from '../queries/verb.ts';
import { runSteps, type Steps } from '../sql/steps.ts';
import { type ChangeListener, ChangeWatch } from './change-watch.ts';
import { SqliteConnection, type SqliteLocation } from './connection.ts';
import { createSqliteSql } from './dialect.ts';
import { type Failure, isDatabaseTrouble, toFailure } from './failures.ts';

/** One verb to run. `args` is JSON text, or undefined if the verb takes none. */
export interface Call {
  readonly verb: VerbName;
  readonly args: string | undefined;
}

/** The outcome of a call: what the verb returned as JSON text (undefined if it returned nothing), or why it failed. */
export type Outcome = { readonly answer: string | undefined } | { readonly failure: Failure };

/**
 * Owns the database file and runs batches of verbs on it. It keeps nothing between batches, because other processes may
 * change the file at any time.
 */
export class SqliteExecutor {
  readonly #location: SqliteLocation;
  readonly #connection: SqliteConnection;
  #watch: ChangeWatch | undefined;
  /** About the opening of the file. */
  readonly notices: readonly Notice[];
  readonly #verbs: Readonly<Record<VerbName, (args: never) => Steps<unknown>>>;

  /**
   * @param enter called at each step of the opening
   * @throws {Error} when the file cannot be opened or was made by a newer version
   */
  constructor(location: SqliteLocation, enter: EnterStep = () => {}) {
    const sql = createSqliteSql();
    this.#location = location;
    this.#verbs = createVerbs(sql);
    this.#connection = new SqliteConnection(location);
    try {
      const lock = () => this.#connection.beginOpening(() => enter(AWAITING_MIGRATION));
      const { isNew } = this.#transact(lock, () =>
        runSteps(migrate(sql, enter), this.#connection.execute),
      );
      this.notices = [
        ...this.#connection.notices.map((text): Notice => ({ level: 'warning', text })),
        ...(isNew && location.path !== ':memory:' ? [madeEmpty(`the file ${location.path}`)] : []),
      ];
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /**
   * Runs the calls in order in one transaction, with one wait for the disk. When it returns, every change is durable.
   * If the database has trouble, no writing call of the batch has an effect.
   */
  runBatch(calls: readonly Call[]): Outcome[] {
    const isReading = (call: Call) => isReadingVerb(call.verb);
    if (calls.every(isReading)) return this.#runReads(calls);
    try {
      return this.#transact('BEGIN IMMEDIATE', () => calls.map((it) => this.#runIsolated(it)));
    } catch (error) {
      const failure = toFailure(error);
      // A full disk can still be read.
      const reads = this.#runReads(calls.filter(isReading)).values();
      return calls.map((it) => (isReading(it) ? (reads.next().value ?? { failure }) : { failure }));
    }
  }

  /** Tells this listener of commits by other connections, in place of the one before. Undefined: no longer tells anyone. */
  listen(listener: ChangeListener | undefined): void {
    this.#watch?.close();
    this.#watch = undefined;
    if (listener === undefined) return;
    this.#watch = new ChangeWatch({
      path: this.#location.path,
      readVersion: () => this.#connection.version,
      onChange: () => listener.onChange(),
      onFailure: (error) => listener.onAttempt(error),
    });
    try {
      this.#watch.open();
    } catch (error) {
      listener.onAttempt(error);
      return;
    }
    listener.onAttempt();
  }

  close(): void {
    this.listen(undefined);
    this.#connection.close();
  }

  #runReads(calls: readonly Call[]): Outcome[] {
    try {
      return this.#transact('BEGIN', () => calls.map((it) => this.#run(it)));
    } catch (error) {
      const failure = toFailure(error);
      return calls.map(() => ({ failure }));
    }
  }

  /** Undoes a verb that fails, and leaves the other calls of the batch alone. */
  #runIsolated(call: Call): Outcome {
    this.#connection.command('SAVEPOINT verb');
    const outcome = this.#run(call);
    if ('failure' in outcome) this.#connection.command('ROLLBACK TO verb');
    this.#connection.command('RELEASE verb');
    return outcome;
  }

  #run({ verb, args }: Call): Outcome {
    try {
      // The caller typed the arguments by the verb's name, and JSON lost the types.
      const run = this.#verbs[verb] as (args: unknown) => Steps<unknown>;
      const steps = run(args === undefined ? undefined : JSON.parse(args));
      return { answer: JSON.stringify(runSteps(steps, this.#connection.execute)) };
    } catch (error) {
      if (isDatabaseTrouble(error) || !this.#connection.isInTransaction) throw error;
      return { failure: toFailure(error) };
    }
  }

  #transact<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE' | (() => void), work: () => T): T {
    if (typeof begin === 'string') this.#connection.command(begin);
    else begin();
    try {
      const result = work();
      this.#connection.command('COMMIT');
      return result;
    } catch (error) {
      if (this.#connection.isInTransaction) this.#connection.command('ROLLBACK');
      throw error;
    }
  }
}
