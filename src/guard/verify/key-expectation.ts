import { unref } from '../../kernel/system-clock.ts';

/**
 * Seconds between two fetches while new keys are expected; less by chance. Nodes of an issuer hear of new
 * keys within a second; in all, the guard asks for as long as the default cooldown.
 */
const DELAYS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];
/** ms that a request with an unknown key waits for the new ones. */
const LONGEST_HOLD = 3_000;

/**
 * The issuer has said that its keys changed. Behind a balancer, the next answer may be from a node that has
 * not heard of it yet, so one fetch is not enough: the guard asks again until it has the new keys, or until
 * this gives up.
 */
export class KeyExpectation {
  /** Resolves when the keys are there, and after three seconds in any case. */
  readonly settled: Promise<void>;
  readonly #known: ReadonlySet<string>;
  #named: readonly string[] | undefined;
  #asked = 0;
  readonly #settle: () => void;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * @param known the ids of the keys at the time of the news
   * @param named the ids of the keys to expect; undefined where the issuer named none: then any new one
   */
  constructor(known: readonly string[], named: readonly string[] | undefined) {
    this.#known = new Set(known);
    this.#named = named;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.#settle = resolve;
    this.#timer = setTimeout(resolve, LONGEST_HOLD);
    unref(this.#timer);
  }

  /** Further news, while these keys are still expected. */
  add(named: readonly string[] | undefined): void {
    if (named !== undefined) this.#named = [...(this.#named ?? []), ...named];
    this.#asked = 0;
  }

  isMetBy(kids: readonly string[]): boolean {
    return this.#named === undefined
      ? kids.some((kid) => !this.#known.has(kid))
      : this.#named.every((kid) => kids.includes(kid));
  }

  /** @returns seconds until the next fetch; undefined where there were enough of them */
  nextDelay(): number | undefined {
    return DELAYS[this.#asked++];
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#settle();
  }
}
