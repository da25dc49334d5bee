import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../config/settings.ts';

/** The files in which a server keeps its data; undefined if it uses no file for it. */
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

/** Lists the files that do not exist yet. */
export function listMissing(settings: Settings): (keyof DataFiles)[] {
  const { database, secret } = listDataFiles(settings);
  const isMissing = (path: string | undefined) => path !== undefined && !existsSync(path);
  return [
    ...(isMissing(database) ? (['database'] as const) : []),
    ...(isMissing(secret) ? (['secret'] as const) : []),
  ];
}
