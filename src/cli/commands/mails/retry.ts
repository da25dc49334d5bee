import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { dataSettings } from '../data-settings.ts';
import { UUID } from '../users/find-user.ts';
import { withLatchkey } from '../with-latchkey.ts';

export const mailsRetry: Command = {
  name: 'mails retry',
  summary: 'Send mails again that could not be sent',
  details:
    'ID is the id of a mail, as "latchkey mails list" shows it. A running server sends it within a second, and tries it as often as a new one. Its link and its code are new if the former ones have expired.',
  operands: { usage: '[ID…]', least: 0, most: 100 },
  options: { all: { type: 'boolean', description: 'All mails that failed.' } },
  settings: dataSettings,
  examples: ['mails retry 0198f6d2-8a51-7c3e-b0f4-0242ac120002', 'mails retry --all'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  const all = flags.has('all');
  if (all === operands.length > 0) {
    throw new UsageError('Give the ids of mails, or --all for all that failed.');
  }
  const odd = operands.find((id) => !UUID.test(id));
  if (odd !== undefined) {
    throw new UsageError(`"${odd}" is not the id of a mail. "latchkey mails list" shows the ids.`);
  }
  const ids = all ? null : operands.map((id) => id.toLowerCase());
  const count = await withLatchkey(call, ({ auth }) => auth.outbox.retry(ids));
  console.print(count === 1 ? '1 mail will be sent again.' : `${count} mails will be sent again.`);
}
