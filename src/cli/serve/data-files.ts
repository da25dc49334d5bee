import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';

/** Where a server with these settings keeps what it knows. Undefined: not in a file of its own. */
export interface DataFiles {
  readonly database: string | undefined;
  readonly secret: string | undefined;
}

export function listDataFiles({ database, dataDir, secret }: Settings): DataFiles {
  const isFile = database.kind === 'sqlite' && database.path !== ':memory:';
  return {
    database: isFile ? database.path : undefined,
    secret: isFile && secret === undefined ? join(dataDir, 'secret') : undefined,
  };
}

/** Those of the files that are not there yet. */
export function listMissing(settings: Settings): (keyof DataFiles)[] {
  const { database, secret } = listDataFiles(settings);
  const isMissing = (path: string | undefined) => path !== undefined && !existsSync(path);
  return [
    ...(isMissing(database) ? (['database'] as const) : []),
    ...(isMissing(secret) ? (['secret'] as const) : []),
  ];
}
