import { setTimeout as sleep } from 'node:timers/promises';
import type { Auth } from '../auth/auth.ts';
import type { Lease } from '../auth/lease.ts';
import { type Clock, createStopwatch } from '../kernel/clock.ts';

/** Rows. What removing one costs depends on the disk and on what lies in memory. */
const leastBatch = 5;
const firstBatch = 20;
const mostBatch = 200;
/** ms that a batch should take: it holds the database's write lock, and on SQLite the writer's thread. */
const aim = 5;
/** ms between two batches, for those who wait for the database. */
const pause = 5;
/** ms after which the lease is renewed while there is still something to remove. */
const renewal = 30_000;

/** Removes from the database what has expired, if no other node does. */
export class PurgeJob {
  readonly #auth: Auth;
  readonly #lease: Lease;
  readonly #elapsed: () => number;
  readonly #stopped = new AbortController();
  #batch = firstBatch;

  constructor(auth: Auth, lease: Lease, clock: Clock) {
    this.#auth = auth;
    this.#lease = lease;
    this.#elapsed = createStopwatch(clock);
  }

  /**
   * Removes until nothing is left, or until `stop`.
   * @throws {StoreUnavailable}
   */
  async run(): Promise<void> {
    while (!this.#isStopped && (await this.#lease.take())) {
      if (!(await this.#removeFor(renewal))) return;
    }
  }

  /** Has a run end after the batch that is under way. */
  stop(): void {
    this.#stopped.abort();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** @returns whether there may be more when the time is over */
  async #removeFor(time: number): Promise<boolean> {
    const start = this.#elapsed();
    while (!this.#isStopped && this.#elapsed() - start < time) {
      const before = this.#elapsed();
      if (!(await this.#auth.purgeExpired(this.#batch))) return false;
      this.#adapt(this.#elapsed() - before);
      await this.#rest();
    }
    return true;
  }

  /** The time includes waiting for others, to whom a smaller batch leaves more as well. */
  #adapt(took: number): void {
    if (took > aim) this.#batch = Math.max(leastBatch, Math.floor(this.#batch / 2));
    else if (took < aim / 2) this.#batch = Math.min(mostBatch, Math.ceil(this.#batch * 1.25));
  }

  async #rest(): Promise<void> {
    // Stopping cuts it short.
    await sleep(pause, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => {});
  }
}
