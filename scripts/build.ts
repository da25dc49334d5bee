/** `npm run build`: a fresh dist/ from src/, as it is published, and the part of it that each package has. */
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './packaging/bundle.ts';
import { fillPackages } from './packaging/packages.ts';
import { root, run } from './steps.ts';

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
const declarations = ['tsc', '-p', 'tsconfig.build.json'] as const;
const [{ ok }] = await Promise.all([
  run({ name: 'declarations', command: declarations }, 'inherit'),
  bundle(root),
]);
if (ok) {
  chmodSync(join(dist, 'cli/main.js'), 0o755);
  fillPackages(root);
} else process.exitCode = 1;
