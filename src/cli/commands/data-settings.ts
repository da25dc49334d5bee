import type { SettingName } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { Call, OptionSpec } from '../shell/command.ts';
import { CommandFailed } from '../shell/failures.ts';
import { hasDatabaseFile } from './database/database-file.ts';

/** The settings that name the database. */
export const dataSettings: readonly SettingName[] = ['dataDir', 'databaseUrl'];

/** Why a command refuses a database in memory. */
export const IN_MEMORY =
  'A database in memory exists only inside its server, so no command can open it.';

export const jsonOption: OptionSpec = { type: 'boolean', description: 'Print the result as JSON.' };

/**
 * Reads the settings of a command that works on the data of a server.
 * @param mayCreate whether the command may create the database. Default: a missing one is an error, as it probably means
 * that the command runs in the wrong folder
 * @throws {InvalidSetting}
 * @throws {CommandFailed} if no command can open the database
 */
export function readDataSettings(call: Call, { mayCreate = false } = {}): Settings {
  const settings = call.readSettings();
  const { database } = settings;
  if (database.kind !== 'sqlite') return settings;
  if (database.path === ':memory:') {
    throw new CommandFailed(`${IN_MEMORY} Use a file: --database-url sqlite:<path>`);
  }
  if (!mayCreate && !hasDatabaseFile(database.path)) {
    throw new CommandFailed(
      `There is no database at ${database.path}. Run this command in the folder where the server runs, or name the folder of its data: --data-dir <path>`,
    );
  }
  return settings;
}
