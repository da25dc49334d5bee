import { toClientView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { findNamedClient } from './client-view.ts';

export const clientsRotateSecret: Command = {
  name: 'clients rotate-secret',
  summary: 'Give a client a new key',
  details:
    'CLIENT is a name or an id. The new key is printed once. Earlier keys stay valid for 24 hours, so that you can replace them where the client runs. When a key ends, the feeds that were opened with it end within 15 seconds.',
  operands: { usage: 'CLIENT', least: 1, most: 1 },
  options: {
    now: {
      type: 'boolean',
      description: 'End earlier keys immediately, as after a leak.',
    },
    json: jsonOption,
  },
  settings: dataSettings,
  examples: ['clients rotate-secret orders-api', 'clients rotate-secret orders-api --now'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [given = ''] = operands;
  await withLatchkey(call, async ({ auth }, operator) => {
    const { id } = await findNamedClient(auth.clients, given);
    const overlap = flags.has('now') ? { overlapSeconds: 0 } : {};
    const { client, key } = await auth.clients.rotateSecret(id, overlap, operator);
    if (flags.has('json')) return console.printJson({ ...toClientView(client), key });
    console.print(key);
    const until = client.oldSecretsEndAt;
    const earlier =
      until === null
        ? 'Earlier keys are refused now.'
        : `Earlier keys end at ${toShortTime(until)}.`;
    console.note(
      `\nThis is the new key of ${client.name} (${id}). It is not shown again.\n${earlier}`,
    );
  });
}
