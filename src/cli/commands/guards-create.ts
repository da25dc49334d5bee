import type { Call, Command } from '../command.ts';
import { dataSettings, jsonOption } from '../data-commands.ts';
import { toGuardView } from '../guard-texts.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const guardsCreate: Command = {
  name: 'guards create',
  summary: 'Make a key for a guard',
  details:
    'With it, a program that verifies tokens hears of revocations and may ask about tokens. The key is shown this once: only a hash of it is kept. For clients of OAuth 2.0, the id is the client id and the key the client secret.',
  operands: { usage: 'NAME', least: 1, most: 1 },
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['guards create orders-api', 'guards create orders-api --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  await withLatchkey(
    call,
    async ({ auth }) => {
      const { guard, key } = await auth.guards.create(operands[0] ?? '');
      if (flags.has('json')) return console.printJson({ ...toGuardView(guard), key });
      console.print(key);
      console.note(`\nThis is the key of ${guard.name} (${guard.id}). It is not shown again.`);
    },
    { mayCreate: true },
  );
}
