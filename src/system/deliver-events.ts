import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../auth/audit/event.ts';
import type { EventDelivery } from '../auth/audit/event-delivery.ts';
import type { OnEventHook } from '../auth/hooks/host-hooks.ts';
import type { Lease } from '../auth/lease.ts';

/** How often to look for events to deliver. */
export const DELIVERY_INTERVAL_MS = 400;
/** After this time without its holder another node delivers. */
export const DELIVERY_TERM_MS = 10_000;
/** How often the lease is renewed while the hook works. */
const RENEWAL_MS = 2_000;
/** After this time with one event the hook is reported as slow. It is waited for nevertheless. */
const SLOW_MS = 10_000;

/** Delivers audit events to the host's hook, if no other node does. */
export class DeliveryJob {
  readonly #delivery: EventDelivery;
  readonly #hook: OnEventHook;
  readonly #lease: Lease;
  readonly #report: (error?: unknown) => void;
  readonly #stopped = new AbortController();
  #left: number | undefined;
  #renewing: Promise<unknown> = Promise.resolve();

  /** @param report called after each event: with the reason if the hook failed, or with nothing */
  constructor(
    delivery: EventDelivery,
    hook: OnEventHook,
    lease: Lease,
    report: (error?: unknown) => void,
  ) {
    this.#delivery = delivery;
    this.#hook = hook;
    this.#lease = lease;
    this.#report = report;
  }

  /**
   * Delivers until nothing is left. A node without the lease asks for it only if the holder has not delivered an event
   * since the last run.
   * @throws {StoreUnavailable}
   */
  async run(): Promise<void> {
    const next = await this.#delivery.findNext();
    const wasLeft = next === this.#left;
    this.#left = next;
    if (next === undefined || (this.#lease.fence === undefined && !wasLeft)) return;
    if (!(await this.#lease.take())) return;
    const renewal = setInterval(() => this.#renew(), RENEWAL_MS);
    renewal.unref();
    try {
      await this.#delivery.deliverAll(
        (event) => this.#call(event),
        async () => !this.#stopped.signal.aborted && this.#lease.fence !== undefined,
      );
    } finally {
      clearInterval(renewal);
      await this.#renewing;
    }
  }

  /** Makes a run end after its present event. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Gives the lease up. */
  release(): Promise<void> {
    return this.#lease.release();
  }

  /** A hook that fails harms nothing: the event counts as delivered. */
  async #call(event: AuditEvent): Promise<void> {
    const done = new AbortController();
    const slow = sleep(SLOW_MS, undefined, { signal: done.signal, ref: false }).then(
      () => this.#report(new Error(`The hook onEvent took longer than ${SLOW_MS / 1000} s.`)),
      () => {},
    );
    try {
      await this.#hook(event);
      this.#report();
    } catch (error) {
      this.#report(error);
    } finally {
      done.abort();
      await slow;
    }
  }

  #renew(): void {
    // If the database is away, the next event finds out.
    this.#renewing = this.#lease.take().catch(() => {});
  }
}
