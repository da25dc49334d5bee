import type { User } from '../../../auth/model.ts';
import { toAdminView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { parseCount } from '../../shell/parse-count.ts';
import { formatTable, toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { requireUser } from './find-user.ts';

const MAX_USERS = 1000;

export const usersList: Command = {
  name: 'users list',
  summary: 'List users, the oldest first',
  options: {
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many to list, from 1 to ${MAX_USERS}. Default: 100.`,
    },
    after: {
      type: 'string',
      placeholder: 'user',
      description: 'List the users after this one, given by an id, a username or an email address.',
    },
    json: { ...jsonOption, description: 'Print a JSON array.' },
  },
  settings: dataSettings,
  examples: ['users list', 'users list --limit 20 --after jane', 'users list --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const limit = parseCount('limit', flags.find('limit') ?? '100', 1, MAX_USERS);
  const previous = flags.find('after');
  await withLatchkey(call, async ({ users }) => {
    const after = previous === undefined ? undefined : (await requireUser(users, previous)).id;
    const page = await users.list({ limit, ...(after === undefined ? {} : { after }) });
    if (flags.has('json')) return console.printJson(page.map(toAdminView));
    const last = page.at(-1);
    if (last === undefined) {
      console.print(
        previous === undefined
          ? 'There are no users yet. Create one: latchkey users create --username jane'
          : 'There are no users after this one.',
      );
      return;
    }
    console.print(formatTable([HEADER, ...page.map(toRow)]));
    const rest = await users.list({ after: last.id, limit: 1 });
    if (rest.length > 0) {
      console.note(`\nThere are more: latchkey users list --limit ${limit} --after ${last.id}`);
    }
  });
}

const HEADER = ['USERNAME', 'EMAIL', 'NAME', 'ROLES', 'STATE', 'CREATED', 'ID'];

function toRow({ username, email, name, roles, disabledAt, createdAt, id }: User): string[] {
  const state = disabledAt === null ? 'enabled' : 'disabled';
  return [
    username ?? '',
    email ?? '',
    name ?? '',
    roles.join(','),
    state,
    toShortTime(createdAt),
    id,
  ];
}
