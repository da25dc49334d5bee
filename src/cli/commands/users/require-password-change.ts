import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP, userOperand } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersRequirePasswordChange: Command = {
  name: 'users require-password-change',
  summary: 'Require a new password at the next sign-in of a user',
  details: `${USER_OPERAND_HELP} All their sessions end. At the next sign-in, the user gives the current password and then sets a new one. If others know the current password, replace it first: latchkey users set-password`,
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
