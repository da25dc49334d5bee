import { NotFound } from '../../errors.ts';
import type { Call, Command } from '../command.ts';
import { dataSettings, jsonOption } from '../data-commands.ts';
import { toGuardView } from '../guard-texts.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const guardsDelete: Command = {
  name: 'guards delete',
  summary: 'Take the key of a guard back',
  details:
    'GUARD is a name or an id. The key is refused from now on, and a feed that is open with it ends within 15 seconds. The guard goes on verifying tokens, and hears of no more revocations.',
  operands: { usage: 'GUARD', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Answer in JSON: the guard as it was.' } },
  settings: dataSettings,
  examples: ['guards delete orders-api'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [given = ''] = operands;
  await withLatchkey(call, async ({ auth }) => {
    const guards = await auth.guards.list();
    const guard = guards.find(({ id, name }) => id === given || name === given);
    if (guard === undefined) {
      throw new NotFound(
        `There is no guard ${JSON.stringify(given)}. See who is there: latchkey guards list`,
      );
    }
    await auth.guards.delete(guard.id);
    if (flags.has('json')) return console.printJson(toGuardView(guard));
    console.print(`The key of ${guard.name} is refused from now on.`);
  });
}
