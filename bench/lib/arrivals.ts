/** One round: the ms that each revocation took to arrive, and how many did not arrive. */
export interface Arrivals {
  readonly delays: readonly number[];
  readonly missed: number;
}

/** Compares the times of the acknowledgements with those of the refusals, given in the same order. */
export function compare(
  acknowledged: readonly (number | null)[],
  refused: readonly (number | null)[],
): Arrivals {
  const delays = acknowledged.flatMap((at, index) => {
    const refusedAt = refused[index] ?? null;
    return at === null || refusedAt === null ? [] : [Math.max(0, refusedAt - at)];
  });
  return { delays, missed: acknowledged.length - delays.length };
}
