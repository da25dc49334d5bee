import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawPlot, type Plot } from './plot.ts';

const docs = join(import.meta.dirname, '../../../docs');
const file = join(docs, 'performance.md');

/**
 * Puts `text` into docs/performance.md, between `<!-- bench NAME -->` and `<!-- /bench NAME -->`, and its
 * pictures into docs/images.
 * @throws {Error} if the page does not have these marks
 */
export function updateDocument(name: string, text: string, plots: readonly Plot[]): void {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`];
  const before = readFileSync(file, 'utf8');
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} does not contain ${begin} … ${end}.`);
  const start = before.slice(0, from + begin.length);
  writeFileSync(file, `${start}\n\n${text.trim()}\n\n${before.slice(to)}`);
  writePictures(docs, plots);
}

/** Writes the pictures for a page in `folder`: `images/bench-NAME.svg`. */
export function writePictures(folder: string, plots: readonly Plot[]): void {
  const images = join(folder, 'images');
  if (plots.length > 0) mkdirSync(images, { recursive: true });
  for (const plot of plots) writeFileSync(join(images, `bench-${plot.name}.svg`), drawPlot(plot));
}
