import type { SettingName } from '../../../config/setting-table.ts';
import type { Settings } from '../../../config/settings.ts';
import type { Call, OptionSpec } from '../../shell/command.ts';
import { hasDatabaseFile } from '../../shell/database-file.ts';
import { CommandFailed } from '../../shell/failures.ts';

/** The settings that say which database is meant. */
export const dataSettings: readonly SettingName[] = ['dataDir', 'databaseUrl'];

export const jsonOption: OptionSpec = { type: 'boolean', description: 'Answer in JSON.' };

/**
 * The settings of a command that works on a server's data.
 * @param mayCreate false: a database that is not there is refused, for it is the wrong folder most likely
 * @throws {InvalidSetting}
 * @throws {CommandFailed}
 */
export function readDataSettings(call: Call, { mayCreate = false } = {}): Settings {
  const settings = call.readSettings();
  const { database } = settings;
  if (database.kind !== 'sqlite') return settings;
  if (database.path === ':memory:') {
    throw new CommandFailed(
      'A database in memory is the server’s alone: no command can reach it. Use a file: --database-url sqlite:<path>',
    );
  }
  if (!mayCreate && !hasDatabaseFile(database.path)) {
    throw new CommandFailed(
      `There is no database at ${database.path}. Run this in the folder where the server runs, or say where its data is: --data-dir <path>`,
    );
  }
  return settings;
}
