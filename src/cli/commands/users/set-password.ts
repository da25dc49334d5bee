import type { Command } from '../../shell/command.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { toLabel } from './texts.ts';
import { changeUser, userMeans, userOperand } from './user-command.ts';

export const usersSetPassword: Command = {
  name: 'users set-password',
  summary: 'Set a new password for a user, which ends all sessions',
  details: `${userMeans} The password is asked for, or read from standard input as one line. It is never an argument: other users of the machine could read it.`,
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
