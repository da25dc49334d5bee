import { CLIENT_KINDS } from '../../../auth/clients/clients.ts';
import type { ClientKind } from '../../../auth/model.ts';
import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { toClientView } from './texts.ts';

export const clientsCreate: Command = {
  name: 'clients create',
  summary: 'Create a client, a program with a key of its own',
  details:
    'A client of the kind guard verifies tokens: with its key it hears of revocations and may ask about tokens. The key is printed once; the database keeps only a hash of it. For OAuth 2.0, the id is the client id and the key the client secret.',
  operands: { usage: 'NAME', least: 1, most: 1 },
  options: {
    kind: {
      type: 'string',
      placeholder: 'kind',
      description: `What the client is: ${CLIENT_KINDS.join(', ')}. Default guard.`,
    },
    json: jsonOption,
  },
  settings: dataSettings,
  examples: [
    'clients create orders-api --kind guard',
    'clients create orders-api --kind guard --json',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const input = { name: operands[0] ?? '', kind: (flags.find('kind') ?? 'guard') as ClientKind };
  await withLatchkey(
    call,
    async ({ auth }, operator) => {
      const { client, key } = await auth.clients.create(input, operator);
      if (flags.has('json')) return console.printJson({ ...toClientView(client), key });
      console.print(key);
      console.note(`\nThis is the key of ${client.name} (${client.id}). It is not shown again.`);
    },
    { mayCreate: true },
  );
}
