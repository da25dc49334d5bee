/** Deeper values are left to those that do not recurse. */
const DEEPEST = 100;

/**
 * Whether `value`, which `JSON.parse` made of `text`, is surely all that the text says, so that no member
 * came twice, is forbidden or lost its meaning. False is no verdict: then the text has to be read.
 *
 * Most text is judged by counting commas, which takes a quarter of the time that reading does. A value has
 * as many as separate what is in its objects and arrays; a member that was dropped as a duplicate leaves
 * one more in the text, and a comma inside a string can only add to them.
 */
export function isPlainlyStrict(text: string, value: unknown, maxDepth: number): boolean {
  // Escapes may hide half of a surrogate pair.
  if (text.includes('\\') || !text.isWellFormed()) return false;
  return countSeparators(value, Math.min(maxDepth, DEEPEST)) === countCommas(text);
}

function countCommas(text: string): number {
  let count = 0;
  for (let at = text.indexOf(','); at !== -1; at = text.indexOf(',', at + 1)) count++;
  return count;
}

/** The commas between the parts of a value, and of the values in it; NaN where one is not acceptable. */
function countSeparators(value: unknown, levels: number): number {
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN;
  if (typeof value !== 'object' || value === null) return 0;
  if (levels === 0) return Number.NaN;
  let parts = 0;
  let within = 0;
  if (Array.isArray(value)) {
    parts = value.length;
    for (let at = 0; at < parts; at++) within += countSeparators(value[at], levels - 1);
  } else {
    for (const name in value) {
      if (name === '__proto__' || name === 'constructor') return Number.NaN;
      within += countSeparators((value as Record<string, unknown>)[name], levels - 1);
      parts++;
    }
  }
  return within + Math.max(0, parts - 1);
}
