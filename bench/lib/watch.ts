import { now } from './now.ts';

/** Looks at tokens every millisecond, until they are refused. */
export interface Watch {
  /** @throws {Error} where one is refused from the start */
  begin(tokens: readonly string[]): void;
  /**
   * Waits until all are refused, so many ms at most.
   * @returns when each was first refused; null where it was not
   */
  collect(patience: number): Promise<readonly (number | null)[]>;
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
    async collect(patience) {
      await until(() => watched.every(({ refusedAt }) => refusedAt !== null), patience);
      return watched.map(({ refusedAt }) => refusedAt);
    },
  };
}

/** Waits until it is so, so many ms at most. */
export async function until(isReached: () => boolean, patience: number): Promise<void> {
  const end = now() + patience;
  while (!isReached() && now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
}
