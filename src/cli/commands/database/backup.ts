import { resolve } from 'node:path';
import { refuseStrayCharacters } from '../../../config/values/stray-characters.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { warnOfOpenFiles } from '../../shell/warn-of-open-files.ts';
import { dataSettings, jsonOption, readDataSettings } from './data-commands.ts';

export const backup: Command = {
  name: 'backup',
  summary: 'Write all data into a file',
  details:
    'Servers may go on meanwhile: the file has everything as it was at one moment. It is of one form for every kind of database, readable by this user alone, and whoever has it has the password hashes. The secret is not in it: keep a copy of it too, in another place. Without it, sealed data, sessions and signing keys of the backup cannot be restored.',
  operands: { usage: 'FILE', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Answer with a line of JSON.' } },
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
  warnOfOpenFiles(console, database);
  const file = resolve(operands[0] ?? '');
  refuseStrayCharacters(file, (problem, fix) => {
    throw new UsageError(`FILE ${problem} ${fix}`);
  });
  const [{ backUp }, { systemClock }] = await Promise.all([
    import('../../../system/transfer/copy.ts'),
    import('../../../kernel/system-random.ts'),
  ]);
  const counts = await backUp(database, file, systemClock, createProgress(console));
  if (flags.has('json')) {
    console.printJson({ file, counts });
    return;
  }
  console.print(`Wrote ${counts.users} users and ${counts.sessions} sessions to ${file}`);
  console.note('The secret is not in it. Keep a copy of that too, and apart from this file.');
}
