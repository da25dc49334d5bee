/** The median, the least and the greatest of all rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} if there are no values */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/**
 * @param sorted in ascending order
 * @param share from 0 to 1
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)];
  const high = sorted[Math.ceil(position)];
  if (low === undefined || high === undefined)
    throw new RangeError('A quantile needs at least one value.');
  return low + (high - low) * (position - Math.floor(position));
}

/**
 * How well the best threshold tells two kinds of values apart: the area under the ROC curve, from 0.5 for a guess to 1.
 * It is the chance that a value of one kind is greater than a value of the other.
 */
export function separation(some: readonly number[], others: readonly number[]): number {
  let greater = 0;
  for (const a of some) for (const b of others) greater += a > b ? 1 : a === b ? 0.5 : 0;
  const area = greater / (some.length * others.length);
  return Math.max(area, 1 - area);
}
