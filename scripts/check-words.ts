/**
 * Looks for the words of scripts/words.ts, which the project has given up. With paths, only in these files and
 * folders: `node scripts/check-words.ts src/guard docs`.
 */
import { root } from './steps.ts';
import { checkWords } from './words.ts';

const within = process.argv.slice(2);
const { files, problems } = checkWords(root, within);
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`\n${problems.length} words to replace, see scripts/words.ts`);
  process.exitCode = 1;
} else {
  console.log(`${files} files have none of the words in scripts/words.ts`);
}
