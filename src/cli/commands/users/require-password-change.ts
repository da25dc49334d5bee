import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { toLabel } from './texts.ts';
import { changeUser, userMeans, userOperand } from './user-command.ts';

export const usersRequirePasswordChange: Command = {
  name: 'users require-password-change',
  summary: 'End all sessions of a user, who must set a new password to sign in',
  details: `${userMeans} The next sign-in needs the present password and then a new one. For a password that others know, set another one first: latchkey users set-password`,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users require-password-change jane'],
  async run(call) {
    await changeUser(call, async (user, users, operator) => {
      await users.requirePasswordChange(user.id, operator);
      return `${toLabel(user)} must set a new password at the next sign-in. All sessions have ended.`;
    });
    return undefined;
  },
};
