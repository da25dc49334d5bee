import { toClientView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { formatTable, toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const clientsList: Command = {
  name: 'clients list',
  summary: 'List the clients, the oldest first',
  options: { json: { ...jsonOption, description: 'Print a JSON array.' } },
  settings: dataSettings,
  examples: ['clients list', 'clients list --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const clients = await withLatchkey(call, ({ auth }) => auth.clients.list());
  if (flags.has('json')) {
    console.printJson(clients.map(toClientView));
  } else if (clients.length === 0) {
    console.print(
      'There are no clients yet. Create one: latchkey clients create NAME --kind guard',
    );
  } else {
    const rows = clients.map(({ name, kind, createdAt, oldSecretsEndAt, id }) => [
      name,
      kind,
      toShortTime(createdAt),
      oldSecretsEndAt === null ? '' : toShortTime(oldSecretsEndAt),
      id,
    ]);
    console.print(formatTable([['NAME', 'KIND', 'CREATED', 'OLD KEYS UNTIL', 'ID'], ...rows]));
  }
}
