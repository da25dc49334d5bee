/**
 * Makes a text of unknown origin safe to print on one line. It stops names with control characters, or with marks that
 * reverse the direction of writing, which a terminal would obey.
 */
export function toPrintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Formats a time to the minute, for people. Programs get the full time in JSON. */
export function toShortTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Aligns cells in columns, each as wide as its widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const printable = rows.map((row) => row.map((cell) => toPrintable(cell === '' ? '–' : cell)));
  const widths: number[] = [];
  for (const row of printable) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  }
  return printable
    .map((row) =>
      row
        .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How many columns of a terminal a text takes, approximately: marks take none, most East Asian characters and emoji two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}|\p{Cf}/u.test(character)) continue;
    const isWide =
      /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]/u.test(
        character,
      );
    width += isWide ? 2 : 1;
  }
  return width;
}
