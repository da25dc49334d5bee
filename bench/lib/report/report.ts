import { styleText } from 'node:util';
import type { Plot } from './plot.ts';

/** The result of a measurement. Cells after the first are figures and aligned to the right. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader needs to interpret the figures, each a sentence. */
  readonly notes: readonly string[];
  /** Pictures of it, shown above it on the page. */
  readonly plots?: readonly Plot[];
}

/** Says whether an aim was met, as a note below a table. */
export function createVerdict(aim: string, found: string, met: boolean): string {
  return `Aim: ${aim}. Found: ${found}: ${met ? 'met' : 'missed'}.`;
}

export function formatTable({ title, columns, rows, notes }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const formatRow = (row: readonly string[]) =>
    row
      .map((cell, index) => pad(cell, widths[index] ?? 0, index))
      .join('   ')
      .trimEnd();
  return [
    styleText('bold', title),
    styleText('gray', formatRow(columns)),
    ...rows.map(formatRow),
    ...notes,
    '',
  ].join('\n');
}

export function formatMarkdown({ title, columns, rows, notes, plots = [] }: Table): string {
  const formatRow = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    ...plots.flatMap((plot) => [`![${plot.title}](images/bench-${plot.name}.svg)`, '']),
    `**${title}**`,
    '',
    formatRow(columns),
    formatRow(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(formatRow),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

function pad(cell: string, width: number, index: number): string {
  return index === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** Shows progress on standard error: one line that is rewritten on a terminal, otherwise a line each. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

export function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
