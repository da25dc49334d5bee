/**
 * A text of unknown origin on one line. The attack it stops: a name with control characters or marks
 * that turn the direction of writing, which a terminal would obey.
 */
export function toPrintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Minutes are enough to read; programs get the whole of it. */
export function toShortTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Columns as wide as their widest cell. */
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

/** Cells of a terminal, near enough: none for marks, two for most East Asian characters and pictures. */
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
