import { toClientView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { findNamedClient } from './client-view.ts';

export const clientsDelete: Command = {
  name: 'clients delete',
  summary: 'Delete a client',
  details:
    'CLIENT is a name or an id. Its keys are refused immediately, and its open feeds end within 15 seconds. A guard with such a key still verifies tokens, but receives no further revocations.',
  operands: { usage: 'CLIENT', least: 1, most: 1 },
  options: { json: { ...jsonOption, description: 'Print the deleted client as JSON.' } },
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
    console.print(`${client.name} is deleted. Its keys are refused.`);
  });
}
