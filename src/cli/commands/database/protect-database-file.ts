import type { DatabaseLocation } from '../../../config/database.ts';
import { protectFile } from '../../../config/private-files.ts';
import { CommandFailed } from '../../shell/failures.ts';
import type { Console } from '../../shell/terminal/console.ts';
import { hasDatabaseFile } from './database-file.ts';

/**
 * Takes away other users' access to the file of a database, with a warning. For commands that open the store directly:
 * `openLatchkey` does the same.
 * @throws {CommandFailed} if this user may not do that
 */
export function protectDatabaseFile(console: Console, database: DatabaseLocation): void {
  if (database.kind !== 'sqlite' || !hasDatabaseFile(database.path)) return;
  const texts = protectFile(database.path, (problem, fix) => {
    throw new CommandFailed(`The database cannot be used: ${problem} ${fix}`);
  });
  for (const text of texts) console.warn(text);
}
