import type { Command } from '../command.ts';
import { dataSettings, jsonOption } from '../data-commands.ts';
import { changeUser, userMeans, userOperand } from '../user-command.ts';
import { toLabel } from '../user-texts.ts';

export const usersDisable: Command = {
  name: 'users disable',
  summary: 'End all sessions of a user and let no new one begin',
  details: `${userMeans} Servers that run refuse the user's tokens within a second.`,
  operands: userOperand,
  options: { json: jsonOption },
  settings: dataSettings,
  examples: ['users disable jane'],
  async run(call) {
    await changeUser(call, async (user, users) => {
      await users.disable(user.id);
      return `${toLabel(user)} is disabled. All sessions have ended.`;
    });
    return undefined;
  },
};
