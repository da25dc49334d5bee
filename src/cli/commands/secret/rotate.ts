import { settingTable } from '../../../config/setting-table.ts';
import type { Settings } from '../../../config/settings.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, readDataSettings } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';

/** How long refresh tokens that depend on a leaked secret are accepted after its replacement. */
const OVERLAP_SECONDS = 86_400;

export const secretRotate: Command = {
  name: 'secret rotate',
  summary: 'Replace the secret, while servers run and users stay signed in',
  details:
    'A secret in the data directory is replaced there, and nothing else is needed. If LATCHKEY_SECRET is set, the command asks for the new secret, or reads it as one line from standard input. Then both secrets open the database: set the new one on every server, restart the servers one after another, and run the command again with --finish.',
  options: {
    generate: { type: 'boolean', description: 'Generate the new secret and print it.' },
    compromised: {
      type: 'boolean',
      description:
        'The old secret may be known to others. Replaces the root keys that refresh tokens and stored keys depend on, and rotates the signing keys. Older refresh tokens are accepted for a day, or until --finish. After that, their users must sign in again.',
    },
    finish: {
      type: 'boolean',
      description: 'Let only the new secret open the database from now on.',
    },
    cancel: {
      type: 'boolean',
      description: 'Discard the new secret. Run this with the old one.',
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
    throw new UsageError(`--${first} cannot be combined with --${asked[1]}.`);
  }
  const settings = readDataSettings(call);
  if (first === 'finish') await finish(call);
  else if (first === 'cancel') await cancel(call, settings);
  else if (settings.secret === undefined) await rotateFile(call, settings);
  else await rotateVariable(call);
  return undefined;
}

async function rotateVariable(call: Call): Promise<void> {
  const { console, flags } = call;
  const isGenerated = flags.has('generate');
  const secret = isGenerated ? await generate() : await readNewPassword(console, 'secret');
  settingTable.secret.parse(secret, (problem, fix) => {
    throw new UsageError(`The new secret ${problem} ${fix}`);
  });
  const compromised = flags.has('compromised');
  await withLatchkey(call, ({ auth }, operator) =>
    auth.secretRotation.rotate({ secret, compromised, overlapSeconds: OVERLAP_SECONDS }, operator),
  );
  if (isGenerated) console.print(secret);
  console.note(
    `The new secret opens the database, and so does the old one${compromised ? ' for a day' : ''}. Set the new one as LATCHKEY_SECRET on every server and restart the servers one after another. Then run, with the new secret set: latchkey secret rotate --finish`,
  );
  if (compromised) noteKeys(console);
}

async function generate(): Promise<string> {
  const { systemRandom } = await import('../../../kernel/system-random.ts');
  return Buffer.from(systemRandom.bytes(36)).toString('base64url');
}

/** Each step may be the last before a crash. The next call continues from there. */
async function rotateFile(call: Call, { dataDir }: Settings): Promise<void> {
  const { console, flags } = call;
  if (flags.has('generate')) {
    throw new UsageError(
      'The secret is in the data directory, where the new one is always generated. Leave out --generate.',
    );
  }
  const compromised = flags.has('compromised');
  const [{ adoptNextSecret, prepareNextSecret }, { systemRandom }] = await Promise.all([
    import('../../../system/secret-file.ts'),
    import('../../../kernel/system-random.ts'),
  ]);
  await withLatchkey(call, async ({ auth }, operator) => {
    const secret = await prepareNextSecret(dataDir, systemRandom);
    await auth.secretRotation.rotate(
      { secret, compromised, overlapSeconds: OVERLAP_SECONDS },
      operator,
    );
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
  await withLatchkey(call, ({ auth }, operator) => auth.secretRotation.finish(operator));
  console.print('The secret in the data directory is replaced. Running servers are not affected.');
}

function noteKeys(console: Call['console']): void {
  console.note(
    'If others may also have a copy of the database, they can sign tokens with the keys in it. Revoke these keys then: latchkey keys list, latchkey keys revoke ID',
  );
}

async function finish(call: Call): Promise<void> {
  const isDone = await withLatchkey(call, ({ auth }, operator) =>
    auth.secretRotation.finish(operator),
  );
  call.console.print(
    isDone
      ? 'Only the current secret opens the database now.'
      : 'There is nothing to finish: only the current secret opens the database.',
  );
}

async function cancel(call: Call, settings: Settings): Promise<void> {
  const isDone = await withLatchkey(call, ({ auth }, operator) =>
    auth.secretRotation.cancel(operator),
  );
  if (settings.secret === undefined) {
    const { discardNextSecret } = await import('../../../system/secret-file.ts');
    await discardNextSecret(settings.dataDir);
  }
  call.console.print(
    isDone
      ? 'The new secret is discarded: only the current secret opens the database.'
      : 'There is nothing to discard: only the current secret opens the database.',
  );
}
