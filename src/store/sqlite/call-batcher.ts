import { StoreUnavailable } from '../../kernel/errors.ts';
import { settlesWithin } from '../../kernel/timing/settles-within.ts';
import { storeClosed, tooManyWaiting } from '../call-refusals.ts';
import type { VerbName } from '../queries/verb.ts';
import type { Engine } from './engine.ts';
import type { Call, Outcome } from './executor.ts';
import { toError } from './failures.ts';

interface WaitingCall extends Call {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface CallBatcherOptions {
  /**
   * Calls back at the end of this turn of the event loop, once the calls that come in it have come. They go
   * together.
   */
  readonly afterTurn: (callBack: () => void) => void;
  /** How many calls may wait for their batch. */
  readonly maxWaiting: number;
  /** How long calls that have come may take once the batcher is to be closed. */
  readonly closeTimeoutMs: number;
}

/** Calls in a batch: this bounds how long one commit can take. */
const MAX_BATCH_SIZE = 512;

/**
 * Runs calls in batches, one batch at a time. Calls that come while a batch is being committed become the next one,
 * so under load each wait for the disk serves many callers.
 */
export class CallBatcher {
  readonly #engine: Engine;
  readonly #options: CallBatcherOptions;
  #waiting: WaitingCall[] = [];
  #isScheduled = false;
  #isRunning = false;
  #closing: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;

  constructor(engine: Engine, options: CallBatcherOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** @throws {StoreUnavailable} after close, when too many wait, and as the verbs do */
  run(verb: VerbName, args: unknown): Promise<unknown> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed());
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(tooManyWaiting());
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ verb, args: JSON.stringify(args), resolve, reject });
      this.#schedule();
    });
  }

  /** Refuses further calls, finishes those that have come unless that takes too long, and closes the engine. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    if (!(await settlesWithin(this.#options.closeTimeoutMs, this.#drain()))) {
      const late = new StoreUnavailable('The server is closing, and the database is too slow.');
      for (const { reject } of this.#waiting.splice(0)) reject(late);
    }
    await this.#engine.close();
  }

  #drain(): Promise<void> {
    if (!this.#isRunning && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained = resolve;
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isRunning) return;
    this.#isScheduled = true;
    this.#options.afterTurn(() => {
      this.#isScheduled = false;
      void this.#runBatch();
    });
  }

  async #runBatch(): Promise<void> {
    const batch = this.#waiting.splice(0, MAX_BATCH_SIZE);
    this.#isRunning = true;
    try {
      const calls = batch.map(({ verb, args }) => ({ verb, args }));
      settleCalls(batch, await this.#engine.runBatch(calls));
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of batch) reject(reason);
    }
    this.#isRunning = false;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#onDrained?.();
  }
}

function settleCalls(batch: readonly WaitingCall[], outcomes: readonly Outcome[]): void {
  for (const [index, { resolve, reject }] of batch.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) reject(new Error('The database left a call without an answer.'));
    else if ('failure' in outcome) reject(toError(outcome.failure));
    else resolve(outcome.answer === undefined ? undefined : JSON.parse(outcome.answer));
  }
}
