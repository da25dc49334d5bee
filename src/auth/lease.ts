import { type Clock, createStopwatch } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import type { Store } from './ports/store.ts';

export interface LeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** What it is about; one node at a time holds the lease of a name. */
  readonly name: string;
  /** ms after which it passes to another node if its holder does not renew it. */
  readonly term: number;
}

/**
 * Lets one of many nodes do what would be wasted work for two. No two clocks are ever compared: the
 * holder changes what is stored whenever it renews, and a node that has seen it unchanged for the whole
 * term takes over. A node that was suspended can believe for a moment that it still holds it, so nothing may
 * go wrong where two do.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #holder: string;
  readonly #elapsed: () => number;
  #renewals = 0;
  #held: string | undefined;
  /** What another node has stored, and since when it is known here. */
  #seen: { readonly value: string; readonly since: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#elapsed = createStopwatch(options.clock);
    this.#holder = Buffer.from(options.random.bytes(12)).toString('base64url');
  }

  /**
   * Takes or renews it.
   * @returns whether it is held now
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

  /** Lets another node have it at once. @throws {StoreUnavailable} */
  async release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#compareAndSet(held, '');
  }

  /** What another node stored and has not renewed. */
  #findExpired(): string | undefined {
    if (this.#seen === undefined) return undefined;
    const { value, since } = this.#seen;
    return this.#elapsed() - since >= this.#options.term ? value : undefined;
  }

  #compareAndSet(expected: string, value: string): Promise<string> {
    return this.#options.store.compareAndSet({
      name: `lease_${this.#options.name}`,
      expected,
      value,
    });
  }
}
