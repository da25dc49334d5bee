import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { describeUser } from './texts.ts';
import { changeUser, userMeans, userOperand } from './user-command.ts';

export const usersShow: Command = {
  name: 'users show',
  summary: 'Show one user',
  details: userMeans,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users show jane', 'users show jane@example.com --json'],
  async run(call) {
    await changeUser(call, async (user) => describeUser(user));
    return undefined;
  },
};
