import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = join(import.meta.dirname, '../../docs/performance.md');

/**
 * Puts `text` into docs/performance.md, between `<!-- bench NAME -->` and `<!-- /bench NAME -->`.
 * @throws {Error} where that place is missing
 */
export function updateDocument(name: string, text: string): void {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`];
  const before = readFileSync(file, 'utf8');
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from === -1 || to < from) throw new Error(`${file} has no place ${begin} … ${end}.`);
  const start = before.slice(0, from + begin.length);
  writeFileSync(file, `${start}\n\n${text.trim()}\n\n${before.slice(to)}`);
}
