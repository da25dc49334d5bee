import { toEventView } from '../../../server/http/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { parseCount } from '../../shell/parse-count.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { UUID } from '../users/find-user.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { createEventTable } from './event-table.ts';
import { filterOptions, findParties, parseFilter, parseRange } from './filter-options.ts';
import { NameFinder } from './name-finder.ts';

const MAX_EVENTS = 1000;

export const auditList: Command = {
  name: 'audit list',
  summary: 'List events of the audit trail, the newest first',
  details:
    'Each line says when something happened, what it was, who did it, to whom, and from which network address. The line below says what changed or why it failed. Events are kept for 90 days, unless your code sets auditRetention.',
  options: {
    ...filterOptions,
    since: {
      type: 'string',
      placeholder: 'time',
      description:
        'Only events since this time: a duration before now, such as 24h or 7d, or a date.',
    },
    until: {
      type: 'string',
      placeholder: 'time',
      description: 'Only events before this time, given in the same way.',
    },
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many to list, from 1 to ${MAX_EVENTS}. Default: 50.`,
    },
    after: { type: 'string', placeholder: 'id', description: 'Only events older than this one.' },
    json: { ...jsonOption, description: 'Print one JSON object per line for each event.' },
  },
  settings: dataSettings,
  examples: [
    'audit list',
    'audit list --user jane --since 7d',
    'audit list --outcome failure --address 203.0.113.9',
    'audit list --actor operator --type user_roles_changed,key_revoked',
    'audit list --since 2026-01-31T09:00Z --until 2026-01-31T10:00Z --json',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const { systemClock } = await import('../../../kernel/system-clock.ts');
  // Checks all options that need no database first.
  const filter = parseFilter(flags);
  const range = parseRange(flags, systemClock.now());
  const limit = parseCount('limit', flags.find('limit') ?? '50', 1, MAX_EVENTS);
  const after = flags.find('after');
  if (after !== undefined && !UUID.test(after)) {
    throw new UsageError('--after must be the id of an event, as --json shows it.');
  }
  await withLatchkey(call, async ({ auth, users }) => {
    const page = await auth.audit.list(
      { ...filter, ...(await findParties(flags, auth)), ...range },
      { limit, ...(after === undefined ? {} : { after: after.toLowerCase() }) },
    );
    const names = await new NameFinder(users, auth.clients).findAll(page.events);
    if (flags.has('json')) {
      for (const event of page.events) console.printJson(toEventView(event, names(event)));
    } else if (page.events.length === 0) {
      console.note('No events match.');
    } else {
      const table = createEventTable(page.events, names, console);
      console.print([...table.header, ...table.rows(page.events)].join('\n'));
    }
    if (page.nextCursor !== null && !flags.has('json')) {
      console.note(`\nThere are older events: add --after ${page.nextCursor}`);
    }
  });
}
