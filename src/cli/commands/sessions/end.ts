import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { requireUser } from '../users/find-user.ts';
import { USER_OPERAND_HELP } from '../users/user-command.ts';
import { toLabel } from '../users/user-view.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const sessionsEnd: Command = {
  name: 'sessions end',
  summary: 'End sessions of a user',
  details: `${USER_OPERAND_HELP} ID is the id of a session, as "latchkey sessions list" shows it. Running servers and guards refuse the tokens of the sessions within a second.`,
  operands: { usage: 'USER [ID…]', least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    all: { type: 'boolean', description: 'End all sessions of the user.' },
    json: { ...jsonOption, description: 'Print which sessions were ended as JSON.' },
  },
  settings: dataSettings,
  examples: ['sessions end jane 01890f3c-…', 'sessions end jane --all'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const [name = '', ...ids] = operands;
  if (flags.has('all') === ids.length > 0) {
    throw new UsageError('Give the ids of the sessions to end, or --all to end all of them.');
  }
  await withLatchkey(call, async ({ auth, users }, operator) => {
    const user = await requireUser(users, name);
    const principal = { sub: user.id, sid: '' };
    if (flags.has('all')) await auth.logoutAll(principal, operator);
    for (const id of ids) await auth.endSession(principal, id.toLowerCase(), operator);
    if (flags.has('json')) {
      return console.printJson({ user_id: user.id, ended: flags.has('all') ? 'all' : ids });
    }
    const what = flags.has('all')
      ? 'All sessions'
      : ids.length === 1
        ? 'One session'
        : `${ids.length} sessions`;
    console.print(`${what} of ${toLabel(user)} ended. The tokens are refused.`);
  });
}
