import { type Clock, createStopwatch } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { Fence } from './ports/node-state.ts';
import type { Store } from './ports/store.ts';

export interface LeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** What the lease is for. One node at a time holds the lease of a name. */
  readonly name: string;
  /** If its holder does not renew it for this long, another node takes it. */
  readonly termMs: number;
}

/**
 * Lets one node at a time do work that need not be done twice. It never compares two clocks: the holder changes the
 * stored value whenever it renews the lease, and another node takes the lease after it has seen the same value
 * for the whole term. A node that was suspended can believe for a moment that it still holds the lease. So either the
 * work does no harm if two nodes do it, or its verbs check the {@link Lease.fence}.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #holder: string;
  readonly #elapsed: () => number;
  #renewals = 0;
  /** The value this node stored, while it holds the lease. */
  #held: string | undefined;
  /** The value another node stored, and since when this node has seen it. */
  #seen: { readonly value: string; readonly since: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#elapsed = createStopwatch(options.clock);
    this.#holder = Buffer.from(options.random.bytes(12)).toString('base64url');
  }

  /** For the verbs that only the holder may call. Undefined: this node does not hold the lease, as far as it knows. */
  get fence(): Fence | undefined {
    return this.#held === undefined ? undefined : { name: this.#name, value: this.#held };
  }

  /**
   * Takes or renews the lease.
   * @returns whether this node holds it now
   * @throws {StoreUnavailable}
   */
  async take(): Promise<boolean> {
    this.#renewals += 1;
    const value = `${this.#holder}.${this.#renewals}`;
    const stored = await this.#compareAndSet(this.#held ?? this.#findExpired() ?? '', value);
    if (stored === value) {
      this.#held = value;
      return true;
    }
    this.#held = undefined;
    if (stored !== this.#seen?.value) {
      this.#seen = { value: stored, since: this.#elapsed() };
    }
    return false;
  }

  /** Gives the lease up, so that another node can take it immediately. @throws {StoreUnavailable} */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#compareAndSet(held, '');
  }

  /** The value of another node that was not renewed for the whole term. */
  #findExpired(): string | undefined {
    if (this.#seen === undefined) return undefined;
    const { value, since } = this.#seen;
    return this.#elapsed() - since >= this.#options.termMs ? value : undefined;
  }

  get #name(): string {
    return `lease_${this.#options.name}`;
  }

  #compareAndSet(expected: string, value: string): Promise<string> {
    return this.#options.store.compareAndSet({ name: this.#name, expected, value });
  }
}
