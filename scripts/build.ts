/** `npm run build`: a fresh dist/ from src/, as it is published, and the part of it that each package has. */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fillPackages } from './packaging/packages.ts';
import { root, run } from './steps.ts';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const { ok } = await run(
  { name: 'build', command: ['tsc', '-p', 'tsconfig.build.json'] },
  'inherit',
);
if (ok) {
  chmodSync(join(dist, 'cli/main.js'), 0o755);
  fillPackages(root);
} else process.exitCode = 1;
