import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { findNamedClient, toClientView } from './texts.ts';

export const clientsDelete: Command = {
  name: 'clients delete',
  summary: 'Delete a client',
  details:
    'CLIENT is a name or an id. Its keys are refused from now on, and a feed that is open with one ends within 15 seconds. A guard goes on verifying tokens, and hears of no more revocations.',
  operands: { usage: 'CLIENT', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Answer in JSON: the client as it was.' } },
  settings: dataSettings,
  examples: ['clients delete orders-api'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [given = ''] = operands;
  await withLatchkey(call, async ({ auth }, operator) => {
    const client = await findNamedClient(auth.clients, given);
    await auth.clients.delete(client.id, operator);
    if (flags.has('json')) return console.printJson(toClientView(client));
    console.print(`The key of ${client.name} is refused from now on.`);
  });
}
