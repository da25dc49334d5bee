import { join } from 'node:path';
import { checkLayers } from './layers/check.ts';

const { files, problems } = checkLayers(join(import.meta.dirname, '..'));
for (const problem of problems) console.error(problem);
if (problems.length > 0) {
  console.error(`\n${problems.length} violations of scripts/layers/rules.ts`);
  process.exitCode = 1;
} else {
  console.log(`${files} files respect the layers`);
}
