import { join } from 'node:path';
import { judgeLayers } from './layers/judge.ts';

const { files, problems } = judgeLayers(join(import.meta.dirname, '..'));
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`\n${problems.length} against the rules of scripts/layers/rules.ts`);
  process.exitCode = 1;
} else {
  console.log(`${files} files keep to the layers`);
}
