import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSealer } from '../auth/audit/chain/event-sealer.ts';
import type { Lease } from '../auth/lease.ts';

/** How often to look for events to seal. An event is sealed within a second of its commit. */
export const SEAL_INTERVAL_MS = 400;
/** After this time without its holder another node seals. */
export const SEAL_TERM_MS = 3_000;
/** Events in a batch: few enough that neither this thread nor the database is busy for long. */
const BATCH_EVENTS = 128;
/** The pause between two batches, in which other calls get the database. */
const PAUSE_MS = 5;
/** Batches for which the lease is held without being renewed. */
const BATCHES_PER_RENEWAL = 20;

/** Seals audit events, if no other node does. */
export class SealJob {
  readonly #sealer: EventSealer;
  readonly #lease: Lease;
  readonly #stopped = new AbortController();
  /** The event that the last run found, and left to the node that holds the lease. */
  #left: string | undefined;

  constructor(sealer: EventSealer, lease: Lease) {
    this.#sealer = sealer;
    this.#lease = lease;
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
    while (!this.#isStopped && (await this.#lease.take())) {
      if (!(await this.#sealSome())) return;
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

  /** @returns whether there may be more to seal */
  async #sealSome(): Promise<boolean> {
    for (let batch = 0; batch < BATCHES_PER_RENEWAL && !this.#isStopped; batch++) {
      const { fence } = this.#lease;
      if (fence === undefined) return false;
      const { hasMore } = await this.#sealer.seal(fence, BATCH_EVENTS);
      if (!hasMore) return false;
      // Stopping cuts it short.
      await sleep(PAUSE_MS, undefined, { signal: this.#stopped.signal, ref: false }).catch(
        () => {},
      );
    }
    return true;
  }
}
