import { StoreUnavailable } from '../../kernel/errors.ts';
import { settlesWithin } from '../../kernel/timing/settles-within.ts';
import type { VerbName } from '../queries/verb.ts';
import type { Engine } from './engine.ts';
import type { Call, Outcome } from './executor.ts';
import { toError } from './failures.ts';

interface Waiting extends Call {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export interface QueueLimits {
  /** Calls. */
  readonly maxWaiting: number;
  /** How long those that have come may take once the queue is to be closed, in ms. */
  readonly closeTimeout: number;
}

/** Bounds how long one commit can take. */
const longestBatch = 512;

/**
 * Gathers calls into batches, one of which is under way at a time. What comes while a batch is being
 * committed becomes the next one, so under load each wait for the disk serves many callers.
 */
export class BatchQueue {
  readonly #engine: Engine;
  readonly #soon: (flush: () => void) => void;
  readonly #limits: QueueLimits;
  #waiting: Waiting[] = [];
  #scheduled = false;
  #running = false;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  /** `soon` says when a batch is gathered: it calls back once the calls of this turn have come. */
  constructor(engine: Engine, soon: (flush: () => void) => void, limits: QueueLimits) {
    this.#engine = engine;
    this.#soon = soon;
    this.#limits = limits;
  }

  /** @throws {StoreUnavailable} after close, when too many wait, and as the verbs do */
  call(verb: VerbName, args: unknown): Promise<unknown> {
    if (this.#closing !== undefined) {
      return Promise.reject(
        new StoreUnavailable('The database is closed. Start the server again.'),
      );
    }
    if (this.#waiting.length >= this.#limits.maxWaiting) {
      return Promise.reject(
        new StoreUnavailable('Too many callers wait for the database. Try again.'),
      );
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
    if (!(await settlesWithin(this.#limits.closeTimeout, this.#drain()))) {
      const late = new StoreUnavailable('The server is closing, and the database is too slow.');
      for (const { reject } of this.#waiting.splice(0)) reject(late);
    }
    await this.#engine.close();
  }

  #drain(): Promise<void> {
    if (!this.#running && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    this.#soon(() => {
      this.#scheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0, longestBatch);
    this.#running = true;
    try {
      const calls = batch.map(({ verb, args }) => ({ verb, args }));
      settle(batch, await this.#engine.run(calls));
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of batch) reject(reason);
    }
    this.#running = false;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#drained?.();
  }
}

function settle(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
  for (const [index, { resolve, reject }] of batch.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) reject(new Error('The database left a call without an answer.'));
    else if ('failure' in outcome) reject(toError(outcome.failure));
    else resolve(outcome.answer === undefined ? undefined : JSON.parse(outcome.answer));
  }
}
