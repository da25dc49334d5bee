import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../../auth/audit/event.ts';
import type { EventFollower } from '../../../auth/audit/event-follower.ts';
import { StoreUnavailable } from '../../../kernel/errors.ts';
import { toEventView } from '../../../server/http/views.ts';
import { waitForStop } from '../../serve/stop.ts';
import type { Call, Command } from '../../shell/command.ts';
import { parseCount } from '../../shell/parse-count.ts';
import type { Console } from '../../shell/terminal/console.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { createEventTable, type EventTable } from './event-table.ts';
import { filterOptions, findParties, parseFilter } from './filter-options.ts';
import { NameFinder } from './name-finder.ts';

const MAX_EVENTS = 1000;
const POLL_INTERVAL_MS = 1_000;

export const auditTail: Command = {
  name: 'audit tail',
  summary: 'Show the latest events of the audit trail, then each new one',
  details: 'The oldest event is shown first. Press Ctrl-C to end the command.',
  options: {
    ...filterOptions,
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many of the latest events to show first, from 0 to ${MAX_EVENTS}. Default: 10.`,
    },
    json: { ...jsonOption, description: 'Print one JSON object per line for each event.' },
  },
  settings: dataSettings,
  examples: ['audit tail', 'audit tail --outcome failure', 'audit tail --json | jq .type'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const count = parseCount('limit', flags.find('limit') ?? '10', 0, MAX_EVENTS);
  const filter = parseFilter(flags);
  const ended = Promise.race([waitForStop(), console.untilClosed()]);
  await withLatchkey(call, async ({ auth, users }) => {
    const follower = auth.audit.follow({ ...filter, ...(await findParties(flags, auth)) });
    const names = new NameFinder(users, auth.clients);
    let table: EventTable | undefined;
    const show = async (events: readonly AuditEvent[]) => {
      if (events.length === 0) return;
      const findNames = await names.findAll(events);
      if (flags.has('json')) {
        for (const event of events) console.printJson(toEventView(event, findNames(event)));
        return;
      }
      const isFirst = table === undefined;
      table ??= createEventTable(events, findNames, console, { grows: true });
      console.print(
        [...(isFirst ? table.header : []), ...table.rows(events, findNames)].join('\n'),
      );
    };
    await show(await follower.start(count));
    await follow(console, follower, show, ended);
  });
}

/** Shows new events about once a second. If the database cannot be reached, it keeps trying. */
async function follow(
  console: Console,
  follower: EventFollower,
  show: (events: readonly AuditEvent[]) => Promise<void>,
  ended: Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const stopped = ended.then(() => stop.abort());
  let isUnreachable = false;
  while (!stop.signal.aborted) {
    await Promise.race([
      stopped,
      sleep(POLL_INTERVAL_MS, undefined, { signal: stop.signal }),
    ]).catch(() => {});
    if (stop.signal.aborted) return;
    try {
      await show(await follower.readNew());
      isUnreachable = false;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!isUnreachable) console.warn(`${error.message} Still trying.`);
      isUnreachable = true;
    }
  }
}
