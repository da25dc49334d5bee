/**
 * Looks for words that the project has given up, in names, comments, messages, tests and docs. With paths, in these
 * files and folders alone: `node scripts/check-words.ts src/guard docs`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './steps.ts';
import { findStumbles } from './words.ts';

/** The list itself, and texts of others. */
const LEFT_OUT = /^(?:scripts\/words\.ts|test\/tooling\/words\.test\.ts|bench\/results\/)/;
const TEXTS = /\.(?:ts|mjs|md|json|yml|svg|conf|service)$/;

const names = execFileSync('git', ['ls-files', '-z', ...process.argv.slice(2)], { cwd: root });
let count = 0;
for (const file of names.toString().split('\0')) {
  if (!TEXTS.test(file) || LEFT_OUT.test(file) || file.endsWith('package-lock.json')) continue;
  for (const { line, word, instead } of findStumbles(readFileSync(join(root, file), 'utf8'))) {
    console.error(`${file}:${line}: "${word}": write ${instead}`);
    count += 1;
  }
}
if (count > 0) {
  console.error(`\n${count} of the words in scripts/words.ts`);
  process.exitCode = 1;
}
