import { toEventView } from '../../../server/http/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { UUID } from '../users/with-users.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { createEventTable } from './event-table.ts';
import {
  filterOptions,
  findParties,
  parseCount,
  parseFilter,
  parseRange,
} from './filter-options.ts';
import { NameFinder } from './name-finder.ts';

const mostEvents = 1000;

export const auditList: Command = {
  name: 'audit list',
  summary: 'List the events of the audit trail, the newest first',
  details:
    'Each event says what happened, who did it, to whom, from which network address, and when. What changed, and why something failed, is on a line below it. Events are kept for 90 days, unless your code sets auditRetention.',
  options: {
    ...filterOptions,
    since: {
      type: 'string',
      placeholder: 'time',
      description: 'From this time on: a duration before now, such as 24h or 7d, or a date.',
    },
    until: {
      type: 'string',
      placeholder: 'time',
      description: 'Before this time, in the same forms.',
    },
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many at most, from 1 to ${mostEvents}; 50 by default.`,
    },
    after: { type: 'string', placeholder: 'id', description: 'Go on after this event.' },
    json: { ...jsonOption, description: 'Answer in JSON, an event a line.' },
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
  // First what can be refused without the database.
  const filter = parseFilter(flags);
  const range = parseRange(flags, systemClock.now());
  const limit = parseCount('limit', flags.find('limit') ?? '50', 1, mostEvents);
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
      console.note('There are no such events.');
    } else {
      const table = createEventTable(page.events, names, console);
      console.print([...table.header, ...table.rows(page.events)].join('\n'));
    }
    if (page.nextCursor !== null && !flags.has('json')) {
      console.note(`\nThere are older events: add --after ${page.nextCursor}`);
    }
  });
}
