import { resolve } from 'node:path';
import { readValueFile } from '../../../config/values/value-file.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { warnOfOpenFiles } from '../../shell/warn-of-open-files.ts';
import { dataSettings, jsonOption, readDataSettings } from './data-commands.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Fill a database with a backup',
  details:
    'Stop all servers on it first. The file is checked to its last byte before anything is written, and everything is written or nothing. All sessions end, users sign in again, and the server makes new signing keys when it starts: otherwise refresh tokens that were used up after the backup would live again, and so would keys that were revoked after it. Sealed data is read with the secret that the backup was made under, and sealed again under the secret of this server.',
  operands: { usage: 'FILE', least: 1, most: 1 },
  options: {
    force: {
      type: 'boolean',
      description: 'Replace what is in the database; it must be empty otherwise.',
    },
    'keep-sessions': {
      type: 'boolean',
      description:
        'Let the sessions and the keys of the backup live on. For a copy that nobody has used since, such as a move to another machine. The server then needs the secret that the backup was made under.',
    },
    'secret-file': {
      type: 'string',
      placeholder: 'path',
      description:
        'A file with the secret that the backup was made under, if that is not the secret of this server.',
    },
    'drop-sealed': {
      type: 'boolean',
      description:
        'Leave out sealed data that the secret does not open, and name the users whose data that was. For a secret that is lost.',
    },
    json: { ...jsonOption, description: 'Answer with a line of JSON.' },
  },
  settings: dataSettings,
  examples: [
    'restore latchkey-2026-01-31.backup',
    'restore latchkey.backup --force',
    'restore latchkey.backup --secret-file /backups/secret',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const settings = readDataSettings(call, { mayCreate: true });
  const { database } = settings;
  const keepSessions = flags.has('keep-sessions');
  if (keepSessions && (flags.has('secret-file') || flags.has('drop-sealed'))) {
    throw new UsageError(
      '--keep-sessions keeps everything under the secret of the backup. Give that secret to the server, and leave out --secret-file and --drop-sealed.',
    );
  }
  const backupSecret = readSecretFile(flags.find('secret-file'));
  warnOfOpenFiles(console, database);
  const file = resolve(operands[0] ?? '');
  const [{ restore: fill }, { openBackup }, { systemClock, systemRandom }, secretFile] =
    await Promise.all([
      import('../../../system/transfer/copy.ts'),
      import('../../../system/transfer/backup-file.ts'),
      import('../../../kernel/system-random.ts'),
      import('../../../system/secret-file.ts'),
    ]);
  const found = await openBackup(file);
  const { secret, dataDir } = settings;
  const options = {
    replace: flags.has('force'),
    keepSessions,
    dropSealed: flags.has('drop-sealed'),
    secrets: {
      backup: async () => backupSecret ?? secret ?? (await secretFile.findStoredSecret(dataDir)),
      target: async () => secret ?? (await secretFile.loadOrCreateSecret(dataDir, systemRandom)),
    },
  };
  const ports = { clock: systemClock, random: systemRandom };
  const { counts, sealedData } = await fill(
    database,
    found,
    options,
    ports,
    createProgress(console),
  );
  if (flags.has('json')) {
    // Nothing of a user's is sealed yet.
    const sealed = { sealed_data: sealedData, affected_users: [] };
    console.printJson({ file, created_at: found.createdAt, counts, ...sealed });
    return;
  }
  const sessions = keepSessions ? `${counts.sessions} sessions` : 'no session: all sign in again';
  console.print(`Restored ${counts.users} users as of ${found.createdAt}, and ${sessions}.`);
  if (sealedData === 'dropped') {
    console.print('Sealed data was left out, as the secret does not open it. No user is affected.');
  }
  console.note(
    keepSessions
      ? 'The server needs the secret that the backup was made under.'
      : 'The server makes new signing keys when it starts. A key that its host gives it in code goes on: replace that one yourself if it has leaked.',
  );
}

function readSecretFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  return readValueFile(path, (problem, fix) => {
    throw new UsageError(`--secret-file ${problem} ${fix}`);
  });
}
