import { resolve } from 'node:path';
import { readValueFile } from '../../../config/values/value-file.ts';
import type { AffectedUser } from '../../../system/transfer/affected-users.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-settings.ts';
import { protectDatabaseFile } from './protect-database-file.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Restore a database from a backup',
  details:
    'Stop all servers on the database first. The whole file is checked before anything is written, and either everything is written or nothing. All sessions end, so users sign in again, and the server creates new signing keys when it starts. Otherwise refresh tokens that were used after the backup would be valid again, and so would keys that were revoked after it. Sealed data is opened with the secret that was in use when the backup was made, and sealed again under the secret of this server.',
  operands: { usage: 'FILE', least: 1, most: 1 },
  options: {
    force: {
      type: 'boolean',
      description: 'Replace the data in the database. Without this option, it must be empty.',
    },
    'keep-sessions': {
      type: 'boolean',
      description:
        'Keep the sessions and keys of the backup. Use this only if no server has run since the backup, as in a move to another machine. The server then needs the secret of the backup.',
    },
    'secret-file': {
      type: 'string',
      placeholder: 'path',
      description: 'A file with the secret of the backup, if this server has another one.',
    },
    'drop-sealed': {
      type: 'boolean',
      description:
        'Leave out sealed data that the secret does not open, and list the users it belonged to. Use this if the secret is lost.',
    },
    json: { ...jsonOption, description: 'Print the result as JSON.' },
  },
  settings: dataSettings,
  examples: [
    'restore latchkey-2026-01-31.backup',
    'restore latchkey.backup --force',
    'restore latchkey.backup --secret-file /backups/secret',
  ],
  run,
};

/** What a restore did to the second factors of a user. */
const EFFECTS: Readonly<Record<AffectedUser['reason'], string>> = {
  dropped: 'the second factors are gone. The password alone signs in until the user sets one up.',
  changed_since:
    'changed second factors or used a recovery code after the backup, which the restore took back.',
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
  protectDatabaseFile(console, database);
  const file = resolve(operands[0] ?? '');
  const [{ restore: fill }, { openBackup }, { systemClock }, { systemRandom }, secretFile] =
    await Promise.all([
      import('../../../system/transfer/copy.ts'),
      import('../../../store/transfer/read-backup.ts'),
      import('../../../kernel/system-clock.ts'),
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
  const { counts, sealedData, affectedUsers } = await fill(
    database,
    found,
    options,
    ports,
    createProgress(console),
  );
  if (flags.has('json')) {
    const sealed = { sealed_data: sealedData, affected_users: affectedUsers };
    console.printJson({ file, created_at: found.createdAt, counts, ...sealed });
    return;
  }
  const sessionText = keepSessions
    ? `${counts.sessions} sessions`
    : 'no sessions: all users must sign in again';
  console.print(`Restored ${counts.users} users as of ${found.createdAt}, and ${sessionText}.`);
  if (sealedData === 'dropped') {
    console.print('Sealed data was left out, because the secret does not open it.');
  }
  for (const { id, username, email, reason } of affectedUsers) {
    console.print(`${username ?? email ?? id}: ${EFFECTS[reason]}`);
  }
  console.note(
    keepSessions
      ? 'The server needs the secret of the backup.'
      : 'The server creates new signing keys when it starts. A key that is given in code stays in use: replace it yourself if it has leaked.',
  );
}

function readSecretFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  return readValueFile(path, (problem, fix) => {
    throw new UsageError(`--secret-file ${problem} ${fix}`);
  });
}
