import { toPrintable, widthOf } from './printable.ts';

const GAP = '  ';
const LEAST_WIDTH = 7;

/**
 * Formats a table that is at most as wide as the terminal, if that can be. The widest columns are cut first.
 * @param rows the header first
 * @param whole the columns that are never cut, counted from 0
 */
export function formatFittedTable(
  rows: readonly (readonly string[])[],
  { width, whole }: { readonly width: number; readonly whole: readonly number[] },
): string {
  const cells = rows.map((row) => row.map((cell) => toPrintable(cell === '' ? '–' : cell)));
  const natural = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  const widths = narrow(natural, width, (column) => !whole.includes(column));
  return cells.map((row) => formatRow(row, widths)).join('\n');
}

/** Formats one row with these widths of its columns. */
export function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => pad(cut(cell, widths[column] ?? 0), widths[column] ?? 0))
    .join(GAP)
    .trimEnd();
}

/** Narrows the widest columns until all fit, but none below 7 characters. */
export function narrow(
  natural: readonly number[],
  total: number,
  mayCut: (column: number) => boolean,
): number[] {
  const widths = [...natural];
  const sum = () => widths.reduce((left, right) => left + right + GAP.length, -GAP.length);
  while (sum() > total) {
    const widest = Math.max(...widths.filter((_, column) => mayCut(column)));
    if (widest <= LEAST_WIDTH) break;
    const column = widths.findLastIndex((it, at) => it === widest && mayCut(at));
    widths[column] = widest - 1;
  }
  return widths;
}

function cut(cell: string, width: number): string {
  if (widthOf(cell) <= width) return cell;
  let kept = '';
  for (const character of cell) {
    if (widthOf(kept + character) >= width) break;
    kept += character;
  }
  return `${kept}…`;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}
