import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSealer } from '../auth/audit/chain/event-sealer.ts';
import type { Lease } from '../auth/lease.ts';
import { type Clock, createStopwatch } from '../kernel/clock.ts';

/** How often to look for events to seal. An event is sealed within a second of its commit. */
export const SEAL_INTERVAL_MS = 400;
/** After this time without its holder another node seals. */
export const SEAL_TERM_MS = 3_000;
/**
 * Events in a batch: few enough that neither this thread nor the database is busy for long, and so many that there are
 * few transactions. On SQLite each one waits for the writers in other processes, and they wait for it.
 */
const BATCH_EVENTS = 256;
/** The pause between two batches, in which other calls get the database. */
const PAUSE_MS = 5;
/** How often the lease is renewed while there are events to seal. A batch of a node that has lost it has no effect. */
const RENEWAL_MS = 1_000;

/** Seals audit events, if no other node does. */
export class SealJob {
  readonly #sealer: EventSealer;
  readonly #lease: Lease;
  readonly #stopped = new AbortController();
  /** The event that the last run found, and left to the node that holds the lease. */
  #left: string | undefined;

  readonly #elapsed: () => number;
  #renewedAt = 0;

  constructor(sealer: EventSealer, lease: Lease, clock: Clock) {
    this.#sealer = sealer;
    this.#lease = lease;
    this.#elapsed = createStopwatch(clock);
  }

  /**
   * Seals until nothing is left. A node without the lease asks for it only if it finds an event again that the holder
   * has not sealed meanwhile, so that nodes do not compete for it.
   * @throws {StoreUnavailable}
   */
  async run(): Promise<void> {
    const found = await this.#sealer.findUnsealed();
    const wasLeft = found === this.#left;
    this.#left = found;
    if (found === undefined || (this.#lease.fence === undefined && !wasLeft)) return;
    while (!this.#isStopped && (await this.#holdLease())) {
      const { fence } = this.#lease;
      if (fence === undefined) return;
      const { hasMore, isRefused } = await this.#sealer.seal(fence, BATCH_EVENTS);
      // The next run asks for the lease again.
      if (isRefused) this.#renewedAt = Number.NEGATIVE_INFINITY;
      if (!hasMore) return;
      // Stopping cuts it short.
      await sleep(PAUSE_MS, undefined, { signal: this.#stopped.signal, ref: false }).catch(
        () => {},
      );
    }
  }

  /** Makes a run end after its present batch. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Gives the lease up. */
  release(): Promise<void> {
    return this.#lease.release();
  }

  get #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #holdLease(): Promise<boolean> {
    const isHeld = this.#lease.fence !== undefined;
    if (isHeld && this.#elapsed() - this.#renewedAt < RENEWAL_MS) return true;
    this.#renewedAt = this.#elapsed();
    return this.#lease.take();
  }
}
