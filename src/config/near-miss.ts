/** How many characters must be put in, taken out or replaced to get from one text to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The name that was probably meant: one that differs by a slip or two, or only in case or punctuation. */
export function findNearMiss(name: string, known: readonly string[]): string | undefined {
  const written = plain(name).slice(0, 100);
  let best: { candidate: string; slips: number } | undefined;
  for (const candidate of known) {
    const slips = distance(written, plain(candidate));
    if (slips < (best?.slips ?? Number.POSITIVE_INFINITY)) best = { candidate, slips };
  }
  return best !== undefined && best.slips <= 3 && best.slips < written.length / 2
    ? best.candidate
    : undefined;
}
