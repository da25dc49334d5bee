import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';

/** Where the code lies that several entries share. */
const CHUNKS = 'chunks';

/**
 * Writes the JavaScript of dist/: a file for each entry of a package, for the command and for each worker, and chunks of
 * what they share. A start reads a quarter as many files, without their comments. Names, lines and source maps stay, so
 * that stack traces can be read; other packages stay outside.
 */
export async function bundle(root: string): Promise<void> {
  const src = join(root, 'src');
  const workers = globSync('**/*worker.ts', { cwd: src });
  const entries = listManifests(root).flatMap(listEntries);
  const input = Object.fromEntries([
    ...entries.map((name) => [name, join(src, `${name}.ts`)]),
    ...workers.map((file) => [`${CHUNKS}/${basename(file, '.ts')}`, join(src, file)]),
  ]);
  const built = await rolldown({
    input,
    platform: 'node',
    external: (name, importer, isResolved) =>
      !isResolved && importer !== undefined && !name.startsWith('.'),
  });
  const { output } = await built.write({
    dir: join(root, 'dist'),
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: `${CHUNKS}/[name].js`,
    comments: { legal: true, annotation: false, jsdoc: false },
    minifyInternalExports: false,
  });
  await built.close();
  for (const file of output) if (file.type === 'chunk') assertPlaced(file);
}

const ADDRESS = /new URL\(["'](?<path>\.[^"']*)["'], import\.meta\.url\)/g;

/**
 * Checks that an address relative to a module still names the same file: `./worker.ts` lies in the folder of the chunks,
 * and what is outside src/ two levels up, from there as from a room.
 */
function assertPlaced({ fileName, code, moduleIds }: OutputChunk): void {
  const folder = dirname(fileName);
  for (const { groups } of code.matchAll(ADDRESS)) {
    const path = groups?.['path'] ?? '';
    if (path.startsWith('./') ? folder === CHUNKS : !folder.includes('/')) continue;
    throw new Error(
      `${fileName} looks for ${path}, which is elsewhere once built. Import the module from two entries, so that it is a chunk. The file has: ${moduleIds.join(', ')}`,
    );
  }
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
}

function listManifests(root: string): readonly Manifest[] {
  const folders = readdirSync(join(root, 'packages')).map((name) => join('packages', name));
  return ['.', ...folders].map((folder) =>
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
  );
}

/** The modules that a manifest exports or runs, relative to src/ and without the ending. */
function listEntries({ exports, bin = {} }: Manifest): readonly string[] {
  const targets = Object.values(exports).map((it) => (typeof it === 'string' ? it : it.default));
  return [...targets, ...Object.values(bin)]
    .map((target) => /^\.\/dist\/(?<name>.*)\.js$/.exec(target)?.groups?.['name'])
    .filter((name) => name !== undefined);
}
