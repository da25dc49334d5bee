import type { WaitingMail } from '../../../auth/mail/outbox.ts';
import type { Call, Command } from '../../shell/command.ts';
import { parseCount } from '../../shell/parse-count.ts';
import { formatTable, toShortTime } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';

const MAX_MAILS = 1000;

export const mailsList: Command = {
  name: 'mails list',
  summary: 'List the mails that were not sent, the oldest first',
  details:
    'A mail that the mail server does not take is tried again after 5 seconds, then less and less often for a day and a half. After that it is given up and kept for 30 days. There may be no account with the address: that is found out when the mail is sent. Links and codes are in no list.',
  options: {
    limit: {
      type: 'string',
      short: 'n',
      placeholder: 'number',
      description: `How many to list, from 1 to ${MAX_MAILS}. Default: 100.`,
    },
    json: { ...jsonOption, description: 'Print a JSON array.' },
  },
  settings: dataSettings,
  examples: ['mails list', 'mails list --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const limit = parseCount('limit', flags.find('limit') ?? '100', 1, MAX_MAILS);
  const mails = await withLatchkey(call, ({ auth }) => auth.outbox.list({ limit }));
  if (flags.has('json')) {
    console.printJson(mails.map(toView));
  } else if (mails.length === 0) {
    console.print('No mail waits to be sent.');
  } else {
    const header = ['ID', 'WHAT', 'TO', 'SINCE', 'TRIES', 'NEXT', 'WHY'];
    console.print(formatTable([header, ...mails.map(toRow)]));
  }
}

function toRow({ id, purpose, recipient, createdAt, attempts, ...mail }: WaitingMail): string[] {
  const { nextAttemptAt, problem } = mail;
  const next = nextAttemptAt === null ? 'given up' : toShortTime(nextAttemptAt);
  return [id, purpose, recipient, toShortTime(createdAt), String(attempts), next, problem ?? ''];
}

function toView(mail: WaitingMail): object {
  const { id, purpose, recipient, createdAt, attempts, nextAttemptAt, problem } = mail;
  return {
    id,
    purpose,
    recipient,
    created_at: new Date(createdAt).toISOString(),
    attempts,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
    problem,
  };
}
