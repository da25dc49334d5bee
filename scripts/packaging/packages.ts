import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const IMPORT = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Fills each folder of packages/ with the part of the build that its own manifest exports, and with what that imports:
 * `latchkey` has everything, the others have no dependencies.
 */
export function fillPackages(root: string): void {
  for (const name of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', name);
    rmSync(join(folder, 'dist'), { recursive: true, force: true });
    for (const file of collectFiles(join(root, 'dist'), listEntries(folder))) {
      const target = join(folder, 'dist', file);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(root, 'dist', file), target);
    }
    cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  }
}

/** The files below dist/ that the manifest names. */
function listEntries(folder: string): readonly string[] {
  const { exports }: { exports: Record<string, string | Record<string, string>> } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  const targets = Object.values(exports).flatMap((it) =>
    typeof it === 'string' ? [it] : Object.values(it),
  );
  return targets
    .filter((target) => target.startsWith('./dist/'))
    .map((target) => target.slice('./dist/'.length));
}

/** The entries, all that they import, and the source maps, relative to dist/. */
function collectFiles(dist: string, entries: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const open = [...entries];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(join(dist, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(IMPORT)) {
      const target = relative(dist, join(dist, dirname(file), specifier));
      open.push(file.endsWith('.d.ts') ? target.replace(/\.(?:js|ts)$/, '.d.ts') : target);
    }
    const map = `${file}.map`;
    if (existsSync(join(dist, map))) found.add(map);
  }
  return [...found];
}
