import { tooManyWaiting, waitedTooLong } from '../call-refusals.ts';

/** While the database works on one batch, the next is on its way. */
const MAX_BATCHES_IN_FLIGHT = 2;
/** Calls in a batch. More than some dozens gain nothing, and all calls of a batch fail together. */
const MAX_BATCH_SIZE = 100;

export interface RotationBatcherOptions<Call, Answer> {
  /** No two calls of a batch have the same key. */
  readonly keyOf: (call: Call) => string;
  /**
   * Runs a batch and answers the calls that it could settle, by their keys. It must not wait for a row that another
   * transaction has locked.
   */
  readonly runBatch: (batch: readonly Call[]) => Promise<ReadonlyMap<string, Answer>>;
  /** Settles any call. */
  readonly runSingle: (call: Call) => Promise<Answer>;
  /** How many calls may wait for their batch. */
  readonly maxWaiting: number;
  /** How long a call may wait for its batch. */
  readonly maxWaitMs: number;
}

interface WaitingCall<Call, Answer> {
  readonly call: Call;
  /** Undefined: the batch did not settle it. */
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Runs calls that come in the same turn, or while others are in flight, as one batch: one statement, one round
 * trip, one commit. A call that its batch did not settle runs singly afterwards, so no call waits for a row that only
 * another one needs. A call that comes when there is no other runs singly right away.
 */
export class RotationBatcher<Call, Answer> {
  readonly #options: RotationBatcherOptions<Call, Answer>;
  readonly #waiting = new Map<string, WaitingCall<Call, Answer>>();
  #batchesInFlight = 0;
  #singlesInFlight = 0;
  #isScheduled = false;

  constructor(options: RotationBatcherOptions<Call, Answer>) {
    this.#options = options;
  }

  /** @throws {StoreUnavailable} when too many wait, when a batch comes too late, and as the verb does */
  async run(call: Call): Promise<Answer> {
    return (await this.#joinBatch(call)) ?? this.#runSingle(call);
  }

  async #runSingle(call: Call): Promise<Answer> {
    this.#singlesInFlight++;
    try {
      return await this.#options.runSingle(call);
    } finally {
      this.#singlesInFlight--;
    }
  }

  async #joinBatch(call: Call): Promise<Answer | undefined> {
    const { keyOf, maxWaitMs, maxWaiting } = this.#options;
    const key = keyOf(call);
    if (this.#waiting.has(key)) return undefined;
    if (this.#waiting.size >= maxWaiting) throw tooManyWaiting();
    const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
    const giveUp = () => {
      this.#waiting.delete(key);
      reject(waitedTooLong());
    };
    const timer = setTimeout(giveUp, maxWaitMs);
    this.#waiting.set(key, { call, resolve, reject, timer });
    this.#schedule();
    return promise;
  }

  /** At the end of this turn of the event loop, so that all calls that come in it go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0) return;
    if (this.#batchesInFlight === MAX_BATCHES_IN_FLIGHT) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      void this.#runBatch();
      this.#schedule();
    });
  }

  async #runBatch(): Promise<void> {
    const batch = [...this.#waiting].slice(0, MAX_BATCH_SIZE);
    for (const [key, { timer }] of batch) {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
    const [first, second] = batch;
    if (first === undefined) return;
    if (second === undefined && this.#batchesInFlight === 0 && this.#singlesInFlight === 0) {
      const [, { resolve }] = first;
      resolve(undefined);
      return;
    }
    this.#batchesInFlight++;
    try {
      const answers = await this.#options.runBatch(batch.map(([, { call }]) => call));
      for (const [key, { resolve }] of batch) resolve(answers.get(key));
    } catch (error) {
      for (const [, { reject }] of batch) reject(error);
    }
    this.#batchesInFlight--;
    this.#schedule();
  }
}
