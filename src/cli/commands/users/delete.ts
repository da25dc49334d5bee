import { toAdminView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { CommandFailed, UsageError } from '../../shell/failures.ts';
import { openPrompt } from '../../shell/terminal/prompt.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { requireUser } from './find-user.ts';
import { USER_OPERAND_HELP, userOperand, warnIfLastAdministrator } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersDelete: Command = {
  name: 'users delete',
  summary: 'Delete a user and end all their sessions',
  details: `${USER_OPERAND_HELP} The audit trail keeps the events of the user. To keep the user too, see: latchkey users disable`,
  operands: userOperand,
  options: {
    yes: { type: 'boolean', short: 'y', description: 'Do not ask for confirmation.' },
    json: { ...jsonOption, description: 'Print the deleted user as JSON.' },
  },
  settings: dataSettings,
  examples: ['users delete jane', 'users delete jane@example.com --yes'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags, operands } = call;
  if (!flags.has('yes') && console.stdin.isTTY !== true) {
    throw new UsageError(
      'Standard input is not a terminal, so the command cannot ask for confirmation. Add --yes to delete the user.',
    );
  }
  await withLatchkey(call, async ({ users }, operator) => {
    const user = await requireUser(users, operands[0] ?? '');
    if (!flags.has('yes')) await confirm(call, `Delete ${toLabel(user)} (${user.id}) permanently?`);
    await users.delete(user.id, operator);
    await warnIfLastAdministrator(call, user, users);
    if (flags.has('json')) console.printJson(toAdminView(user));
    else console.print(`${toLabel(user)} is deleted. All sessions have ended.`);
  });
}

async function confirm({ console }: Call, question: string): Promise<void> {
  const prompt = openPrompt(console, { hidden: false });
  try {
    const answer = await prompt.ask(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed('Nothing was changed.');
  } finally {
    prompt.close();
  }
}
