import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP, userOperand } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersUnthrottle: Command = {
  name: 'users unthrottle',
  summary: 'Let a user sign in who has to wait because others guessed',
  details: `${USER_OPERAND_HELP} Failed attempts at both names of the user are forgotten. Running servers notice within five seconds. While the guessing goes on, the wait begins again after ten more attempts.`,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users unthrottle jane'],
  async run(call) {
    await changeUser(call, async (user, users, operator) =>
      (await users.unthrottle(user.id, operator))
        ? `${toLabel(user)} can sign in without a wait.`
        : `${toLabel(user)} did not have to wait: no attempt at their names has failed.`,
    );
    return undefined;
  },
};
