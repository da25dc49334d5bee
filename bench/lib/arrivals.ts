/** Of one round: how long each took to arrive, in ms, and how many never did. */
export interface Arrivals {
  readonly delays: readonly number[];
  readonly missed: number;
}

/** What was told of and what was refused, each at its time, in the same order. */
export function compare(
  told: readonly (number | null)[],
  refused: readonly (number | null)[],
): Arrivals {
  const delays = told.flatMap((at, index) => {
    const refusedAt = refused[index] ?? null;
    return at === null || refusedAt === null ? [] : [Math.max(0, refusedAt - at)];
  });
  return { delays, missed: told.length - delays.length };
}
