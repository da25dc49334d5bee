import { systemTimers } from '../../kernel/timing/timers.ts';

/**
 * The waits between fetches while new keys are expected; each is shortened by chance. All nodes of an issuer know its
 * new keys within a second. Together the waits are about as long as the default cooldown.
 */
const DELAYS_MS = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800];
/** How long a request whose token names an unknown key waits for the new keys. */
const LONGEST_HOLD_MS = 3_000;

/**
 * Decides how often to fetch keys after the issuer said that they changed. Behind a load balancer, the next answer may
 * come from a node that does not know the new keys yet, so the guard fetches until it has them, or until this gives up.
 */
export class KeyExpectation {
  /** Resolves when the keys are there, and after three seconds at the latest. */
  readonly settled: Promise<void>;
  readonly #known: ReadonlySet<string>;
  #named: readonly string[] | undefined;
  #asked = 0;
  readonly #settle: () => void;
  readonly #cancelTimer: () => void;

  /**
   * @param known the ids of the present keys
   * @param named the ids of the keys to expect; undefined: any new key
   */
  constructor(known: readonly string[], named: readonly string[] | undefined) {
    this.#known = new Set(known);
    this.#named = named;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#settle = resolve;
    this.#cancelTimer = systemTimers.start(LONGEST_HOLD_MS, resolve);
  }

  /** Adds keys to expect, and starts the waits over. */
  add(named: readonly string[] | undefined): void {
    if (named !== undefined) this.#named = [...(this.#named ?? []), ...named];
    this.#asked = 0;
  }

  isMetBy(kids: readonly string[]): boolean {
    return this.#named === undefined
      ? kids.some((kid) => !this.#known.has(kid))
      : this.#named.every((kid) => kids.includes(kid));
  }

  /** @returns ms until the next fetch; undefined after the last one */
  nextDelayMs(): number | undefined {
    return DELAYS_MS[this.#asked++];
  }

  end(): void {
    this.#cancelTimer();
    this.#settle();
  }
}
