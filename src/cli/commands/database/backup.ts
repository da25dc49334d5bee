import { resolve } from 'node:path';
import { refuseStrayCharacters } from '../../../config/values/stray-characters.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-settings.ts';
import { protectDatabaseFile } from './protect-database-file.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Write all data to a file',
  details:
    'Servers may keep running: the file contains the data of one moment. Its format is the same for every kind of database. It contains password hashes, so only this user can read it. It does not contain the secret: keep a copy of that in another place. Without the secret, the sealed data, sessions and signing keys of the backup cannot be restored.',
  operands: { usage: 'FILE', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Print the result as JSON.' } },
  settings: dataSettings,
  examples: [
    'backup latchkey-2026-01-31.backup',
    'backup /backups/latchkey.backup --data-dir /var/lib/latchkey',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const { database } = readDataSettings(call);
  protectDatabaseFile(console, database);
  const file = resolve(operands[0] ?? '');
  refuseStrayCharacters(file, (problem, fix) => {
    throw new UsageError(`FILE ${problem} ${fix}`);
  });
  const [{ backUp }, { systemClock }] = await Promise.all([
    import('../../../system/transfer/copy.ts'),
    import('../../../kernel/system-clock.ts'),
  ]);
  const counts = await backUp(database, file, systemClock, createProgress(console));
  if (flags.has('json')) {
    console.printJson({ file, counts });
    return;
  }
  console.print(`Wrote ${counts.users} users and ${counts.sessions} sessions to ${file}`);
  console.note('The file does not contain the secret. Keep a copy of the secret in another place.');
}
