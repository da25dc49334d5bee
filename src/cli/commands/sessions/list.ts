import type { Session } from '../../../auth/model.ts';
import { toSessionView } from '../../../server/features/account/session-view.ts';
import type { Call, Command } from '../../shell/command.ts';
import { parseCount } from '../../shell/parse-count.ts';
import { formatFittedTable } from '../../shell/terminal/fitted-table.ts';
import { toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { requireUser } from '../users/find-user.ts';
import { USER_OPERAND_HELP, userOperand } from '../users/user-command.ts';
import { toLabel } from '../users/user-view.ts';
import { withLatchkey } from '../with-latchkey.ts';

const MAX_SESSIONS = 200;

export const sessionsList: Command = {
  name: 'sessions list',
  summary: 'List the sessions of a user, the latest first',
  details: USER_OPERAND_HELP,
  operands: userOperand,
  options: {
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many to list, from 1 to ${MAX_SESSIONS}. Default: 100.`,
    },
    after: {
      type: 'string',
      placeholder: 'id',
      description: 'List the sessions after this one, given by its id.',
    },
    json: { ...jsonOption, description: 'Print a JSON array.' },
  },
  settings: dataSettings,
  examples: ['sessions list jane', 'sessions list jane@example.com --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const limit = parseCount('limit', flags.find('limit') ?? '100', 1, MAX_SESSIONS);
  await withLatchkey(call, async ({ auth, users }) => {
    const user = await requireUser(users, operands[0] ?? '');
    const after = flags.find('after');
    const range = after === undefined ? { limit } : { limit, after };
    const page = await auth.listSessions({ sub: user.id, sid: '' }, range);
    const { sessions, nextCursor } = page;
    if (flags.has('json')) {
      // No session is the current one at the command line.
      const views = sessions.map((it) => {
        const { current: _, ...view } = toSessionView(it, '');
        return view;
      });
      return console.printJson(views);
    }
    if (sessions.length === 0) return console.print(`${toLabel(user)} has no sessions.`);
    const rows = [HEADER, ...sessions.map(toRow)];
    console.print(formatFittedTable(rows, { width: console.width, whole: [0] }));
    if (nextCursor !== null) {
      const again = `latchkey sessions list ${toLabel(user)} --limit ${limit} --after ${nextCursor}`;
      console.note(`\nThere are more: ${again}`);
    }
  });
}

const HEADER = ['ID', 'LAST USED (UTC)', 'ADDRESS', 'DEVICE'];

function toRow({ id, rotatedAt, address, userAgent }: Session): string[] {
  return [id, toShortTime(rotatedAt).slice(0, 16), address ?? '', userAgent ?? ''];
}
