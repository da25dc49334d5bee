import { now } from './now.ts';

/** Polls tokens every millisecond until they are refused. */
export interface Watch {
  /** @throws {Error} if one is already refused */
  begin(tokens: readonly string[]): void;
  /**
   * Waits until all are refused, at most `limitMs`.
   * @returns when each was first refused; null if it was not
   */
  collect(limitMs: number): Promise<readonly (number | null)[]>;
}

export function createWatch(isAccepted: (token: string) => boolean): Watch {
  let watched: { readonly token: string; refusedAt: number | null }[] = [];
  setInterval(() => {
    for (const it of watched) {
      if (it.refusedAt === null && !isAccepted(it.token)) it.refusedAt = now();
    }
  }, 1);
  return {
    begin(tokens) {
      watched = tokens.map((token) => ({ token, refusedAt: null }));
      if (!tokens.every(isAccepted)) throw new Error('A token is refused.');
    },
    async collect(limitMs) {
      await until(() => watched.every(({ refusedAt }) => refusedAt !== null), limitMs);
      return watched.map(({ refusedAt }) => refusedAt);
    },
  };
}

/** Waits until `isReached` returns true, at most `limitMs`. */
export async function until(isReached: () => boolean, limitMs: number): Promise<void> {
  const end = now() + limitMs;
  while (!isReached() && now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
}
