/**
 * `npm run statements`: compiles the statements of SQLite into src/store/sqlite/statements.ts, so that no
 * server loads the query builder to start. A test tells when that file is behind.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileSqliteStatements } from '../src/store/sqlite/compile-statements.ts';
import { root, run } from './steps.ts';

const file = join(root, 'src/store/sqlite/statements.ts');
const statements = JSON.stringify(compileSqliteStatements(), null, 2);
writeFileSync(
  file,
  `import type { CompiledStatements } from '../sql/query.ts';

/** Made by \`npm run statements\`. Not to be changed by hand. */
export const statements: CompiledStatements = ${statements};
`,
);
const { ok } = await run(
  { name: 'format', command: ['biome', 'check', '--write', file] },
  'inherit',
);
if (!ok) process.exitCode = 1;
