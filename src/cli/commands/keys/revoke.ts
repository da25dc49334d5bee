import { findKeyStatus } from '../../../auth/keys/key-status.ts';
import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption, readDataSettings } from '../database/data-commands.ts';
import { describeKey, toKeyView } from './texts.ts';
import { withKeeper } from './with-keeper.ts';

export const keysRevoke: Command = {
  name: 'keys revoke',
  summary: 'Refuse everything a leaked key has signed, at once and everywhere',
  details:
    'ID is one of those that "keys list" shows; put -- before one that begins with a dash. If the key was in force, another one takes its place within a second. Sessions live on: clients refresh and get tokens of the new key. Verifiers that only read the JWKS go on accepting the key until they read it again, after 5 minutes at most.',
  operands: { usage: 'ID', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Answer in JSON: all keys as they are now.' } },
  settings: dataSettings,
  examples: ['keys revoke 7Qk3…', 'keys revoke -- -x9f…'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [id = ''] = operands;
  const { systemClock } = await import('../../../kernel/system-random.ts');
  const keys = await withKeeper(
    console,
    readDataSettings(call),
    async ({ keyRotation }, operator) => {
      await keyRotation.revoke(id, operator);
      return await keyRotation.list();
    },
  );
  const texts = keys.map((key) => ({ key, life: findKeyStatus(key, keys, systemClock.now()) }));
  if (flags.has('json')) {
    console.printJson(texts.map(toKeyView));
    return undefined;
  }
  const revoked = keys.find(({ kid }) => kid === id);
  if (revoked !== undefined) console.print(`${describeKey(revoked)} is revoked.`);
  for (const { key, life } of texts) {
    if (life === 'next' || life === 'signing') console.print(`${describeKey(key)}: ${life}.`);
  }
  return undefined;
}
