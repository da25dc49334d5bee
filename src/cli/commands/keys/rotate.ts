import type { Call, Command } from '../../shell/command.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption, readDataSettings } from '../database/data-commands.ts';
import { describeKey, toKeyView } from './texts.ts';
import { withKeeper } from './with-keeper.ts';

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Publish a new signing key, which replaces the one in force',
  details:
    'It is published for 10 minutes before it signs, so that everybody who verifies tokens knows it by then. What the key before it signed is accepted until it has expired. Servers that run hear of it; they do this by themselves every 90 days.',
  options: {
    now: {
      type: 'boolean',
      description:
        'Let it sign in a second, when all servers know it. Other verifiers must read the JWKS again when they meet it.',
    },
    json: { ...jsonOption, description: 'Answer in JSON: the key.' },
  },
  settings: [...dataSettings, 'algorithm'],
  examples: ['keys rotate', 'keys rotate --algorithm EdDSA', 'keys rotate --now'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const settings = readDataSettings(call);
  const { algorithm } = settings;
  const key = await withKeeper(console, settings, ({ keyRotation }, operator) =>
    keyRotation.rotate({ algorithm, isUrgent: flags.has('now') }, operator),
  );
  if (flags.has('json')) console.printJson(toKeyView({ key, life: 'next' }));
  else
    console.print(`${describeKey(key)} is published and signs from ${toShortTime(key.activeAt)}.`);
  return undefined;
}
