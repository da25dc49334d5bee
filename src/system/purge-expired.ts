import { setTimeout as sleep } from 'node:timers/promises';
import type { Auth } from '../auth/auth.ts';
import type { Lease } from '../auth/lease.ts';
import { type Clock, createStopwatch } from '../kernel/clock.ts';

/** The sizes of batches. The cost of removing a row depends on the disk and on what is in memory. */
const MIN_BATCH_ROWS = 5;
const FIRST_BATCH_ROWS = 20;
const MAX_BATCH_ROWS = 200;
/** How long a batch should take. It holds the database's write lock, and on SQLite the writer's thread. */
const BATCH_TARGET_MS = 5;
/** The pause between two batches, in which other calls get the database. */
const PAUSE_MS = 5;
/** How often the lease is renewed while there is still something to remove. */
const RENEWAL_MS = 30_000;

/** Removes from the database what has expired, if no other node does. */
export class PurgeJob {
  readonly #auth: Auth;
  readonly #lease: Lease;
  readonly #elapsed: () => number;
  readonly #stopped = new AbortController();
  #batch = FIRST_BATCH_ROWS;

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
      if (!(await this.#removeFor(RENEWAL_MS))) return;
    }
  }

  /** Makes a run end after its present batch. */
  stop(): void {
    this.#stopped.abort();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** @returns whether there may be more to remove after that time */
  async #removeFor(timeMs: number): Promise<boolean> {
    const start = this.#elapsed();
    while (!this.#isStopped && this.#elapsed() - start < timeMs) {
      const before = this.#elapsed();
      if (!(await this.#auth.purgeExpired(this.#batch))) return false;
      this.#adapt(this.#elapsed() - before);
      await this.#rest();
    }
    return true;
  }

  /** The time includes waiting for other calls, which also benefit from smaller batches. */
  #adapt(tookMs: number): void {
    if (tookMs > BATCH_TARGET_MS)
      this.#batch = Math.max(MIN_BATCH_ROWS, Math.floor(this.#batch / 2));
    else if (tookMs < BATCH_TARGET_MS / 2)
      this.#batch = Math.min(MAX_BATCH_ROWS, Math.ceil(this.#batch * 1.25));
  }

  async #rest(): Promise<void> {
    // Stopping cuts it short.
    await sleep(PAUSE_MS, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => {});
  }
}
