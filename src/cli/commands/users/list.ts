import type { UserQuery } from '../../../auth/administration/user-list.ts';
import type { User } from '../../../auth/model.ts';
import type { Users } from '../../../auth/users/users.ts';
import { toAdminView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import type { Flags } from '../../shell/flags.ts';
import { parseCount } from '../../shell/parse-count.ts';
import { formatFittedTable } from '../../shell/terminal/fitted-table.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';
import { parseRange } from '../audit/filter-options.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { requireUser } from './find-user.ts';

const MAX_USERS = 1000;

export const usersList: Command = {
  name: 'users list',
  summary: 'List and search users, the oldest first',
  details:
    'With --search, users come in the order of the names that match. Columns that do not fit into the terminal are cut; --json has everything.',
  options: {
    search: {
      type: 'string',
      short: 's',
      placeholder: 'text',
      description: 'Only users whose username or email address begins with this text.',
    },
    role: {
      type: 'string',
      short: 'r',
      placeholder: 'role',
      description: 'Only users with this role.',
    },
    state: {
      type: 'string',
      placeholder: 'state',
      description: 'Only users in this state: enabled or disabled.',
    },
    since: {
      type: 'string',
      placeholder: 'time',
      description:
        'Only users created since this time: a duration before now, such as 24h or 7d, or a date.',
    },
    until: {
      type: 'string',
      placeholder: 'time',
      description: 'Only users created before this time, given in the same way.',
    },
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many to list, from 1 to ${MAX_USERS}. Default: 100.`,
    },
    after: {
      type: 'string',
      placeholder: 'user',
      description:
        'List the users after this one, given by an id, a username or an email address. With --search, give what the list before this one ended with.',
    },
    json: { ...jsonOption, description: 'Print a JSON array.' },
  },
  settings: dataSettings,
  examples: [
    'users list',
    'users list --search jan --state disabled',
    'users list --role editor --since 30d',
    'users list --limit 20 --after jane',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const limit = parseCount('limit', flags.find('limit') ?? '100', 1, MAX_USERS);
  const { systemClock } = await import('../../../kernel/system-clock.ts');
  const query = readQuery(flags, systemClock.now());
  await withLatchkey(call, async ({ users }) => {
    const after = await findStart(flags, users);
    const { found, next } = await collect(users, { ...query, after }, limit);
    if (flags.has('json')) return console.printJson(found.map(toAdminView));
    if (found.length === 0) return console.print(describeNone(flags));
    console.print(
      formatFittedTable([HEADER, ...found.map(toRow)], {
        width: console.width,
        whole: WHOLE_COLUMNS,
      }),
    );
    if (next !== null) {
      console.note(`\nThere are more: ${repeatCall(flags)} --limit ${limit} --after ${next}`);
    }
  });
}

function readQuery(flags: Flags, now: number): UserQuery {
  const state = flags.find('state');
  if (state !== undefined && state !== 'enabled' && state !== 'disabled') {
    throw new UsageError('--state must be enabled or disabled.');
  }
  const { since, until } = parseRange(flags, now);
  return {
    search: flags.find('search'),
    role: flags.find('role'),
    isDisabled: state === undefined ? undefined : state === 'disabled',
    createdSince: since,
    createdUntil: until,
  };
}

async function findStart(flags: Flags, users: Users): Promise<string | undefined> {
  const given = flags.find('after');
  if (given === undefined || flags.has('search')) return given;
  return (await requireUser(users, given)).id;
}

/** Reads pages until there are as many users as wanted. */
async function collect(
  users: Users,
  query: UserQuery,
  limit: number,
): Promise<{ found: User[]; next: string | null }> {
  const found: User[] = [];
  let after = query.after;
  for (;;) {
    const page = await users.search({ ...query, after, limit: limit - found.length });
    found.push(...page.users);
    if (page.nextCursor === null || found.length >= limit) return { found, next: page.nextCursor };
    after = page.nextCursor;
  }
}

const FILTERS = ['search', 'role', 'state', 'since', 'until'] as const;

function describeNone(flags: Flags): string {
  if (flags.has('after')) return 'There are no users after this one.';
  return FILTERS.some((name) => flags.has(name))
    ? 'No user meets these conditions.'
    : 'There are no users yet. Create one: latchkey users create --username jane';
}

function repeatCall(flags: Flags): string {
  const given = FILTERS.flatMap((name) => {
    const value = flags.find(name);
    return value === undefined ? [] : [`--${name} ${value}`];
  });
  return ['latchkey users list', ...given].join(' ');
}

const HEADER = ['USERNAME', 'EMAIL', 'NAME', 'ROLES', 'STATE', 'CREATED'];
/** State and time. */
const WHOLE_COLUMNS = [4, 5];

function toRow({ username, email, name, roles, disabledAt, createdAt }: User): string[] {
  const state = disabledAt === null ? 'enabled' : 'disabled';
  return [
    username ?? '',
    email ?? '',
    name ?? '',
    roles.join(','),
    state,
    toShortTime(createdAt).slice(0, 10),
  ];
}
