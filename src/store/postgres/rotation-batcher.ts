import { StoreUnavailable } from '../../kernel/errors.ts';

/** How many batches may be under way at once: while the database works on one, the next is on its way. */
const mostUnderWay = 2;
/** Calls in a batch. Beyond some dozens nothing is won, and what fails fails together. */
const mostTogether = 100;

export interface GatheringOptions<Call, Answer> {
  /** No two calls of a batch have the same. */
  readonly keyOf: (call: Call) => string;
  /** Answers those that it could settle, by their keys. It must not wait for what others hold. */
  readonly together: (batch: readonly Call[]) => Promise<ReadonlyMap<string, Answer>>;
  /** Settles any call. */
  readonly alone: (call: Call) => Promise<Answer>;
  /** How long a call may wait for its batch; ms. */
  readonly patience: number;
  /** How many calls may wait for their batch. */
  readonly maxWaiting: number;
}

interface Waiting<Call, Answer> {
  readonly call: Call;
  /** Undefined: the batch did not settle it. */
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Makes one of the calls that come at once, or while others are under way: one statement, one round trip,
 * one commit. What a batch leaves unsettled is tried alone, so nobody in it waits for what another one
 * needs; and so is a call that nobody else is there with.
 */
export class RotationBatcher<Call, Answer> {
  readonly #options: GatheringOptions<Call, Answer>;
  readonly #waiting = new Map<string, Waiting<Call, Answer>>();
  #batches = 0;
  #alone = 0;
  #isDue = false;

  constructor(options: GatheringOptions<Call, Answer>) {
    this.#options = options;
  }

  /** @throws {StoreUnavailable} */
  async run(call: Call): Promise<Answer> {
    return (await this.#join(call)) ?? this.#runAlone(call);
  }

  async #runAlone(call: Call): Promise<Answer> {
    this.#alone++;
    try {
      return await this.#options.alone(call);
    } finally {
      this.#alone--;
    }
  }

  async #join(call: Call): Promise<Answer | undefined> {
    const { keyOf, patience, maxWaiting } = this.#options;
    const key = keyOf(call);
    if (this.#waiting.has(key)) return undefined;
    if (this.#waiting.size >= maxWaiting) {
      throw new StoreUnavailable('Too many callers wait for the database. Try again.');
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
    const giveUp = () => {
      this.#waiting.delete(key);
      reject(new StoreUnavailable('The database took too long to answer. Try again.'));
    };
    const timer = setTimeout(giveUp, patience);
    this.#waiting.set(key, { call, resolve, reject, timer });
    this.#proceed();
    return promise;
  }

  /** At the end of this turn of the event loop, so that all that came in it go together. */
  #proceed(): void {
    if (this.#isDue || this.#waiting.size === 0 || this.#batches === mostUnderWay) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      void this.#runNext();
      this.#proceed();
    });
  }

  async #runNext(): Promise<void> {
    const batch = [...this.#waiting].slice(0, mostTogether);
    for (const [key, { timer }] of batch) {
      clearTimeout(timer);
      this.#waiting.delete(key);
    }
    const [first, second] = batch;
    if (first === undefined) return;
    if (second === undefined && this.#batches === 0 && this.#alone === 0) {
      const [, { resolve }] = first;
      resolve(undefined);
      return;
    }
    this.#batches++;
    try {
      const answers = await this.#options.together(batch.map(([, { call }]) => call));
      for (const [key, { resolve }] of batch) resolve(answers.get(key));
    } catch (error) {
      for (const [, { reject }] of batch) reject(error);
    }
    this.#batches--;
    this.#proceed();
  }
}
