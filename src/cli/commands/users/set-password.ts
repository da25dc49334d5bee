import type { Command } from '../../shell/command.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP, userOperand } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersSetPassword: Command = {
  name: 'users set-password',
  summary: 'Set a new password for a user and end all their sessions',
  details: `${USER_OPERAND_HELP} The command asks for the password, or reads it as one line from standard input. A password is never an argument, because other users of the machine could read it.`,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users set-password jane', 'users set-password jane < password-file'],
  async run(call) {
    await changeUser(call, async (user, users, operator) => {
      await users.setPassword(user.id, await readNewPassword(call.console), operator);
      return `${toLabel(user)} has a new password. All sessions have ended.`;
    });
    return undefined;
  },
};
