/**
 * `npm run lock`: brings package-lock.json up to date, complete for every platform.
 *
 * A registry mirror may lack the binaries of other platforms. npm then leaves them out of the lock
 * file without a word, and `npm ci` refuses that file on every platform. What is left out gets
 * an entry here: the exact version its parent asks for, and the platform its name tells. Such an
 * entry has no integrity hash; a run against a complete registry replaces it by a full one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAbsentBinaries, type Lock } from './packaging/lock-file.ts';
import { root, run } from './steps.ts';

const { ok } = await run(
  { name: 'lock', command: ['npm', 'install', '--package-lock-only', '--ignore-scripts'] },
  'inherit',
);
if (!ok) process.exit(1);

const file = join(root, 'package-lock.json');
const lock: Lock = JSON.parse(readFileSync(file, 'utf8'));
const absent = findAbsentBinaries(lock);
for (const { path, entry } of absent) lock.packages[path] = entry;
// npm's own order, which is not that of code points.
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(
  file,
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
);
for (const { path, entry } of absent) console.log(`added ${path} ${entry.version}`);
