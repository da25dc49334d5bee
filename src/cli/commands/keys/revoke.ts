import { findKeyStatus } from '../../../auth/keys/key-status.ts';
import { toKeyView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { describeKey } from './key-view.ts';

export const keysRevoke: Command = {
  name: 'keys revoke',
  summary: 'Refuse all tokens of a signing key, as after a leak',
  details:
    'ID is the id of a key, as "latchkey keys list" shows it. Put -- before an id that begins with a dash. Servers and guards refuse its tokens within a second. If the key was signing, another key replaces it within a second. Sessions continue: clients refresh and get tokens of the new key. Verifiers that only read the JWKS accept the key until they read it again, after 5 minutes at most.',
  operands: { usage: 'ID', least: 1, most: 1 },
  options: {
    json: { ...jsonOption, description: 'Print all keys as JSON, as they are afterwards.' },
  },
  settings: dataSettings,
  examples: ['keys revoke 7Qk3…', 'keys revoke -- -x9f…'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [id = ''] = operands;
  const { systemClock } = await import('../../../kernel/system-clock.ts');
  const keys = await withLatchkey(call, async ({ auth }, operator) => {
    await auth.keyRotation.revoke(id, operator);
    return await auth.keyRotation.list();
  });
  const withStatus = keys.map((key) => ({
    key,
    status: findKeyStatus(key, keys, systemClock.now()),
  }));
  if (flags.has('json')) {
    console.printJson(withStatus.map(toKeyView));
    return undefined;
  }
  const revoked = keys.find(({ kid }) => kid === id);
  if (revoked !== undefined) console.print(`${describeKey(revoked)} is revoked.`);
  for (const { key, status } of withStatus) {
    if (status === 'next' || status === 'signing') console.print(`${describeKey(key)}: ${status}.`);
  }
  return undefined;
}
