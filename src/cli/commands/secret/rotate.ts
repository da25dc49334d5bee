import { settingTable } from '../../../config/setting-table.ts';
import type { Settings } from '../../../config/settings.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, readDataSettings } from '../database/data-commands.ts';
import { withKeeper } from '../keys/with-keeper.ts';

/** How long what a leaked secret opens is accepted after it was replaced; s. */
const OVERLAP = 86_400;

export const secretRotate: Command = {
  name: 'secret rotate',
  summary: 'Replace the secret, with servers running and users staying signed in',
  details:
    'A secret in the data directory is replaced there, and that is all. Where LATCHKEY_SECRET is set, the new one is asked for, or read from standard input as one line. From then on both open the database: set the new one on every server, start them again one after another, and finish with --finish.',
  options: {
    generate: { type: 'boolean', description: 'Make the new secret, and print it.' },
    compromised: {
      type: 'boolean',
      description:
        'Somebody else may have the old secret. What refresh tokens and stored keys hang on is replaced as well, and the signing keys are rotated. For a day, or until --finish, older refresh tokens are accepted; then those users sign in again.',
    },
    finish: {
      type: 'boolean',
      description: 'End the time in which the old secret opens the database too.',
    },
    cancel: {
      type: 'boolean',
      description: 'Take the new secret back. To be run with the old one.',
    },
  },
  settings: dataSettings,
  examples: [
    'secret rotate',
    'secret rotate --generate',
    'secret rotate --finish',
    'secret rotate --compromised < new-secret-file',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { flags } = call;
  const asked = ['finish', 'cancel', 'generate', 'compromised'].filter((name) => flags.has(name));
  const [first = ''] = asked;
  if (asked.length > 1 && (first === 'finish' || first === 'cancel')) {
    throw new UsageError(`--${first} stands alone.`);
  }
  const settings = readDataSettings(call);
  if (first === 'finish') await finish(call, settings);
  else if (first === 'cancel') await cancel(call, settings);
  else if (settings.secret === undefined) await rotateFile(call, settings);
  else await rotateVariable(call, settings);
  return undefined;
}

async function rotateVariable({ console, flags }: Call, settings: Settings): Promise<void> {
  const isGenerated = flags.has('generate');
  const secret = isGenerated ? await generate() : await readNewPassword(console, 'secret');
  settingTable.secret.parse(secret, (problem, fix) => {
    throw new UsageError(`The new secret ${problem} ${fix}`);
  });
  const compromised = flags.has('compromised');
  await withKeeper(console, settings, ({ secretRotation }, operator) =>
    secretRotation.rotate({ secret, compromised, overlapSeconds: OVERLAP }, operator),
  );
  if (isGenerated) console.print(secret);
  console.note(
    `The new secret opens the database, and the old one still does${compromised ? ' for a day' : ''}. Set the new one as LATCHKEY_SECRET on every server and start them again, one after another. Then, with the new one set: latchkey secret rotate --finish`,
  );
  if (compromised) noteKeys(console);
}

async function generate(): Promise<string> {
  const { systemRandom } = await import('../../../kernel/system-random.ts');
  return Buffer.from(systemRandom.bytes(36)).toString('base64url');
}

/** Every step may be the last one before a crash: called again, it goes on from there. */
async function rotateFile({ console, flags }: Call, settings: Settings): Promise<void> {
  if (flags.has('generate')) {
    throw new UsageError('The secret is kept in the data directory: a new one is always made.');
  }
  const compromised = flags.has('compromised');
  const { dataDir } = settings;
  const [{ adoptNextSecret, prepareNextSecret }, { systemRandom }] = await Promise.all([
    import('../../../system/secret-file.ts'),
    import('../../../kernel/system-random.ts'),
  ]);
  await withKeeper(console, settings, async ({ secretRotation }, operator) => {
    const secret = await prepareNextSecret(dataDir, systemRandom);
    await secretRotation.rotate({ secret, compromised, overlapSeconds: OVERLAP }, operator);
  });
  await adoptNextSecret(dataDir);
  if (compromised) {
    console.print('The secret in the data directory is replaced.');
    console.note(
      'Older refresh tokens are accepted for a day, or until: latchkey secret rotate --finish',
    );
    noteKeys(console);
    return;
  }
  await withKeeper(console, settings, ({ secretRotation }, operator) =>
    secretRotation.finish(operator),
  );
  console.print('The secret in the data directory is replaced. Servers that run go on.');
}

function noteKeys(console: Call['console']): void {
  console.note(
    'Whoever has a copy of the database too can sign tokens with the keys that were in it. If that may be, revoke them: latchkey keys list, latchkey keys revoke ID',
  );
}

async function finish({ console }: Call, settings: Settings): Promise<void> {
  const isDone = await withKeeper(console, settings, ({ secretRotation }, operator) =>
    secretRotation.finish(operator),
  );
  console.print(
    isDone
      ? 'Only the secret in use opens the database from now on.'
      : 'There is nothing to finish: only the secret in use opens the database.',
  );
}

async function cancel({ console }: Call, settings: Settings): Promise<void> {
  const isDone = await withKeeper(console, settings, ({ secretRotation }, operator) =>
    secretRotation.cancel(operator),
  );
  if (settings.secret === undefined) {
    const { discardNextSecret } = await import('../../../system/secret-file.ts');
    await discardNextSecret(settings.dataDir);
  }
  console.print(
    isDone
      ? 'The new secret is taken back: only the secret in use opens the database.'
      : 'There is nothing to take back: only the secret in use opens the database.',
  );
}
