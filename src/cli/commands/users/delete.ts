import type { Call, Command } from '../../shell/command.ts';
import { CommandFailed, UsageError } from '../../shell/failures.ts';
import { openDialogue } from '../../shell/terminal/prompt.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { toAdminView, toLabel } from './texts.ts';
import { userMeans, userOperand } from './user-command.ts';
import { requireUser, withUsers } from './with-users.ts';

export const usersDelete: Command = {
  name: 'users delete',
  summary: 'Remove a user for good, and end all sessions',
  details: `${userMeans} The audit trail keeps what the user did. To keep the user as well, see: latchkey users disable`,
  operands: userOperand,
  options: {
    yes: { type: 'boolean', short: 'y', description: 'Do not ask whether it is meant.' },
    json: { ...jsonOption, description: 'Answer in JSON: the user as it was.' },
  },
  settings: dataSettings,
  examples: ['users delete jane', 'users delete jane@example.com --yes'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  if (!flags.has('yes') && console.stdin.isTTY !== true) {
    throw new UsageError('Nobody is there to ask whether this is meant. If it is, add --yes.');
  }
  await withUsers(call, async (users, operator) => {
    const user = await requireUser(users, operands[0] ?? '');
    if (!flags.has('yes')) await confirm(call, `Delete ${toLabel(user)} (${user.id}) for good?`);
    await users.delete(user.id, operator);
    if (flags.has('json')) console.printJson(toAdminView(user));
    else console.print(`${toLabel(user)} is deleted. All sessions have ended.`);
  });
}

async function confirm({ console }: Call, question: string): Promise<void> {
  const dialogue = openDialogue(console, { hidden: false });
  try {
    const answer = await dialogue.ask(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed('Nothing was done.');
  } finally {
    dialogue.close();
  }
}
