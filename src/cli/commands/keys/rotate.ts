import { toKeyView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { describeKey } from './key-view.ts';

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Replace the signing key with a new one',
  details:
    'The new key is published for 10 minutes before it signs, so that everything that verifies tokens knows it by then. Tokens of the old key stay valid until they expire. Running servers follow. They also rotate by themselves every 90 days.',
  options: {
    now: {
      type: 'boolean',
      description:
        'Sign with the new key in a second, when all servers know it. Other verifiers must read the JWKS again when they see an unknown key.',
    },
    json: { ...jsonOption, description: 'Print the new key as JSON.' },
  },
  settings: [...dataSettings, 'algorithm'],
  examples: ['keys rotate', 'keys rotate --algorithm EdDSA', 'keys rotate --now'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const { algorithm } = call.readSettings();
  const key = await withLatchkey(call, ({ auth }, operator) =>
    auth.keyRotation.rotate({ algorithm, isUrgent: flags.has('now') }, operator),
  );
  if (flags.has('json')) console.printJson(toKeyView({ key, status: 'next' }));
  else
    console.print(`${describeKey(key)} is published and signs from ${toShortTime(key.activeAt)}.`);
  return undefined;
}
