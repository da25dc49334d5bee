import { resolve } from 'node:path';
import type { Call, Command } from '../command.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-commands.ts';
import { createProgress } from '../progress.ts';
import { warnOfOpenFiles } from '../warn-of-open-files.ts';

export const restore: Command = {
  name: 'restore',
  summary: 'Fill a database with a backup',
  details:
    'Stop all servers on it first. The file is checked to its last byte before anything is written, and everything is written or nothing. All sessions end, users sign in again, and the server makes new signing keys when it starts, under whatever secret it has: otherwise refresh tokens that were used up after the backup would live again, and so would keys that were revoked after it.',
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
    json: { ...jsonOption, description: 'Answer with a line of JSON.' },
  },
  settings: dataSettings,
  examples: ['restore latchkey-2026-01-31.backup', 'restore latchkey.backup --force'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const { database } = readDataSettings(call, { mayCreate: true });
  warnOfOpenFiles(console, database);
  const file = resolve(operands[0] ?? '');
  const [{ restore: fill }, { openBackup }, { systemClock }] = await Promise.all([
    import('../../system/transfer/copy.ts'),
    import('../../system/transfer/backup-file.ts'),
    import('../../system/clock.ts'),
  ]);
  const found = await openBackup(file);
  const options = { replace: flags.has('force'), keepSessions: flags.has('keep-sessions') };
  const counts = await fill(database, found, options, systemClock, createProgress(console));
  if (flags.has('json')) {
    console.printJson({ file, created_at: found.createdAt, counts });
    return;
  }
  const sessions = options.keepSessions
    ? `${counts.sessions} sessions`
    : 'no session: all sign in again';
  console.print(`Restored ${counts.users} users as of ${found.createdAt}, and ${sessions}.`);
  console.note(
    options.keepSessions
      ? 'The server needs the secret that the backup was made under.'
      : 'The server makes new signing keys when it starts. A key that its host gives it in code goes on: replace that one yourself if it has leaked.',
  );
}
