import { CLIENT_KINDS } from '../../../auth/clients/clients.ts';
import type { ClientKind } from '../../../auth/model.ts';
import { toClientView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const clientsCreate: Command = {
  name: 'clients create',
  summary: 'Create a client: a program that has its own key',
  details:
    'A client of the kind guard verifies access tokens. Its key lets it follow the feed of revocations and introspect tokens. The key is printed once, and the database stores only a hash of it. In OAuth 2.0, the id is the client id and the key is the client secret.',
  operands: { usage: 'NAME', least: 1, most: 1 },
  options: {
    kind: {
      type: 'string',
      placeholder: 'kind',
      description: `The kind of client: ${CLIENT_KINDS.join(', ')}. Default: guard.`,
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
