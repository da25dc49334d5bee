import type { Call, Command } from '../command.ts';
import { dataSettings, jsonOption } from '../data-commands.ts';
import { toGuardView } from '../guard-texts.ts';
import { formatTable, toShortTime } from '../printable.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const guardsList: Command = {
  name: 'guards list',
  summary: 'List the guards that have a key, the oldest first',
  options: { json: { ...jsonOption, description: 'Answer with a JSON array.' } },
  settings: dataSettings,
  examples: ['guards list', 'guards list --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const guards = await withLatchkey(call, ({ auth }) => auth.guards.list());
  if (flags.has('json')) {
    console.printJson(guards.map(toGuardView));
  } else if (guards.length === 0) {
    console.print('There are no guards yet. Make a key for one: latchkey guards create NAME');
  } else {
    const rows = guards.map(({ name, createdAt, id }) => [name, toShortTime(createdAt), id]);
    console.print(formatTable([['NAME', 'CREATED', 'ID'], ...rows]));
  }
}
