import type { Command } from '../command.ts';
import { dataSettings, jsonOption } from '../data-commands.ts';
import { changeUser, userMeans, userOperand } from '../user-command.ts';
import { toLabel } from '../user-texts.ts';

export const usersEnable: Command = {
  name: 'users enable',
  summary: 'Let a disabled user sign in again',
  details: `${userMeans} Sessions that were ended stay ended.`,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users enable jane'],
  async run(call) {
    await changeUser(call, async (user, users) => {
      await users.enable(user.id);
      return `${toLabel(user)} is enabled and can sign in.`;
    });
    return undefined;
  },
};
