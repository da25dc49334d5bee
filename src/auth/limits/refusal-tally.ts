import type { UserReference } from '../users/user-reference.ts';

/** How long refused attempts at one account are counted before one event reports them. */
const TALLY_WINDOW_MS = 15 * 60_000;

/** Accounts that are counted at the same time. More are still refused, and not reported. */
const CAPACITY = 10_000;

/** Refused attempts at one account. */
export interface RefusedAttempts {
  readonly about: UserReference;
  readonly count: number;
}

/**
 * Counts the attempts that this node refused, by account. The attack: a flood of refused attempts fills the audit
 * trail and hides the rest of it. So there is one event for an account in a quarter of an hour.
 */
export class RefusalTally {
  readonly #counts = new Map<string, RefusedAttempts & { readonly since: number }>();

  /** @param key of the bucket that refused */
  count(key: string, about: UserReference, now: number): void {
    const before = this.#counts.get(key);
    if (before === undefined && this.#counts.size >= CAPACITY) return;
    const { since, count } = before ?? { since: now, count: 0 };
    this.#counts.set(key, { about, since, count: count + 1 });
  }

  /** Takes out those whose window has ended. @param now undefined: all */
  take(now: number | undefined): RefusedAttempts[] {
    const due: RefusedAttempts[] = [];
    for (const [key, { since, ...refused }] of this.#counts) {
      if (now !== undefined && now - since < TALLY_WINDOW_MS) continue;
      this.#counts.delete(key);
      due.push(refused);
    }
    return due;
  }
}
