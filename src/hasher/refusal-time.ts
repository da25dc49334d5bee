/** Durations that are remembered for each kind and cost of hash. */
const REMEMBERED = 16;
/** The longest that a refusal is delayed. One account with an imported hash of seconds must not delay all others. */
const MOST_DELAY_MS = 2_000;

/**
 * How long a refusal takes. The attack: bcrypt takes longer than argon2id, so two names whose refusals take equally long
 * may belong to one account, and a name whose refusal is rare may have one. Every refusal therefore takes as long as that of
 * the most expensive hash. The wait costs no processor time. If all hashes have one cost, there is none.
 */
export class RefusalTime {
  /** By decoy: the latest durations, in ms. */
  readonly #durations = new Map<string, number[]>();
  #expected: ReadonlySet<string> = new Set();

  /** Replaces the decoys that refusals must look like. @returns those of which no duration is known */
  expect(decoys: readonly string[]): readonly string[] {
    this.#expected = new Set(decoys);
    for (const decoy of this.#durations.keys()) {
      if (!this.#expected.has(decoy)) this.#durations.delete(decoy);
    }
    return decoys.filter((decoy) => !this.#durations.has(decoy));
  }

  observe(decoy: string, tookMs: number): void {
    const durations = this.#durations.get(decoy) ?? [];
    durations.push(tookMs);
    if (durations.length > REMEMBERED) durations.shift();
    this.#durations.set(decoy, durations);
  }

  /** How long to wait after a verification that took so long, in ms. */
  findDelayMs(tookMs: number): number {
    if (this.#durations.size < 2) return 0;
    const slowest = Math.max(...[...this.#durations.values()].map(findUsualMost));
    return Math.max(0, Math.min(slowest, MOST_DELAY_MS) - tookMs);
  }
}

/** The greatest but one: a single duration may be that of a machine that was busy. */
function findUsualMost(durations: readonly number[]): number {
  const [most = 0, second = most] = durations.toSorted((a, b) => b - a);
  return second;
}
