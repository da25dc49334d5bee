/**
 * How long a refusal is remembered without a look at the database. An operator on another node may open the bucket, or
 * an attempt there may give its place back.
 */
const LONGEST_MEMORY_MS = 5_000;

interface Refusal {
  /** When the bucket admits the next attempt; ms since the epoch. */
  readonly openAt: number;
  /** Until when it is remembered; ms since the epoch. */
  readonly until: number;
}

/**
 * Remembers which buckets are closed. The attack: a flood of attempts that are all refused. Those of one bucket ask
 * the database once in five seconds, however many there are.
 */
export class RefusalMemory {
  readonly #refusals = new Map<string, Refusal>();
  readonly #capacity: number;

  /** @param capacity how many buckets are remembered, the latest ones */
  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** When the bucket opens, if it is known to be closed now. */
  find(key: string, now: number): number | undefined {
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return undefined;
    const { openAt, until } = refusal;
    // The clock may have been set back.
    const isRemembered = now < Math.min(openAt, until) && until - now <= LONGEST_MEMORY_MS;
    if (!isRemembered) this.#refusals.delete(key);
    return isRemembered ? openAt : undefined;
  }

  remember(key: string, openAt: number, now: number): void {
    this.#refusals.delete(key);
    this.#refusals.set(key, { openAt, until: now + LONGEST_MEMORY_MS });
    if (this.#refusals.size <= this.#capacity) return;
    for (const oldest of this.#refusals.keys()) {
      this.#refusals.delete(oldest);
      return;
    }
  }

  forget(key: string): void {
    this.#refusals.delete(key);
  }
}
