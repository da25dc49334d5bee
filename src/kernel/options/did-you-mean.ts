/**
 * The Damerau–Levenshtein distance: how many characters must be inserted, removed, replaced or swapped with their
 * neighbour to turn one text into the other.
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(beforeLast, j - 2) + 1 : replace;
      row.push(Math.min(replace, swap, at(last, j) + 1, at(row, j - 1) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? 0;

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Finds the name that was probably meant: it differs in up to three characters, or only in case or punctuation. */
export function findNearest(name: string, known: readonly string[]): string | undefined {
  const written = plain(name).slice(0, 100);
  let best: { candidate: string; slips: number } | undefined;
  for (const candidate of known) {
    const slips = distance(written, plain(candidate));
    if (slips < (best?.slips ?? Number.POSITIVE_INFINITY)) best = { candidate, slips };
  }
  const isNear = best !== undefined && best.slips <= 3 && best.slips < written.length / 2;
  return isNear ? best?.candidate : undefined;
}
