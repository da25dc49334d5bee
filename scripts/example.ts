/** `npm run example NAME`: runs examples/NAME.ts on PORT, 8000 by default, its data in a temporary folder. */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './steps.ts';

const folder = join(root, 'examples');
const names = globSync('*.ts', { cwd: folder })
  .map((file) => basename(file, '.ts'))
  .sort();
const [name, ...rest] = process.argv.slice(2);

if (name !== undefined && names.includes(name)) {
  const file = join(folder, `${name}.ts`);
  process.env['PORT'] ??= '8000';
  useTemporaryData();
  // In this process, so that a signal reaches the example once; it sees itself as the program.
  process.argv.splice(1, process.argv.length, file, ...rest);
  await import(pathToFileURL(file).href).catch(explain);
} else {
  if (name !== undefined) console.error(`There is no example ${JSON.stringify(name)}.`);
  console.error('Usage: npm run example NAME, with PORT in the environment if not 8000. Names:');
  const width = Math.max(0, ...names.map(({ length }) => length));
  for (const each of names) console.error(`  ${each.padEnd(width)}  ${findSummary(each)}`);
  process.exitCode = 1;
}

/** A wrong setting is a sentence for a person; Node.js would put its own lines around it. */
function explain(error: unknown): void {
  if (!(error instanceof Error) || error.stack?.includes('\n') !== false) throw error;
  console.error(error.stack);
  process.exit(1);
}

/** Here rather than in the examples, which are to be pasted, and whose readers want to keep their data. */
function useTemporaryData(): void {
  if (process.env['LATCHKEY_DATA_DIR'] !== undefined) return;
  const data = mkdtempSync(join(tmpdir(), 'latchkey-example-'));
  process.env['LATCHKEY_DATA_DIR'] = data;
  process.once('exit', () => rmSync(data, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      // Until the example handles signals itself, this must end the process.
      if (process.listenerCount(signal) === 0) process.exit(1);
    });
  }
}

/** The first sentence of the comment that opens the file. */
function findSummary(each: string): string {
  const text = readFileSync(join(folder, `${each}.ts`), 'utf8');
  const line =
    /^(?:#!.*\n)?\s*(?:\/\/\s*|\/\*\*?\s*(?:\n\s*\*\s*)?)(.*?)\s*(?:\*\/)?$/m.exec(text)?.[1] ?? '';
  return /^.*?[.?!](?=\s|$)/.exec(line)?.[0] ?? line;
}
