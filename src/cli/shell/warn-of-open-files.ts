import type { DatabaseLocation } from '../../config/database.ts';
import { protectFile } from '../../config/private-files.ts';
import { hasDatabaseFile } from './database-file.ts';
import { CommandFailed } from './failures.ts';
import type { Console } from './terminal/console.ts';

/** For commands that open a database without a server: keeps other users from its file, and says so. */
export function warnOfOpenFiles(console: Console, database: DatabaseLocation): void {
  if (database.kind !== 'sqlite' || !hasDatabaseFile(database.path)) return;
  const texts = protectFile(database.path, (problem, fix) => {
    throw new CommandFailed(`The database cannot be used: ${problem} ${fix}`);
  });
  for (const text of texts) console.warn(text);
}
