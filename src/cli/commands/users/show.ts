import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP, userOperand } from './user-command.ts';
import { describeUser } from './user-view.ts';

export const usersShow: Command = {
  name: 'users show',
  summary: 'Show one user',
  details: USER_OPERAND_HELP,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users show jane', 'users show jane@example.com --json'],
  async run(call) {
    await changeUser(call, async (user) => describeUser(user));
    return undefined;
  },
};
