import type { Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { toLabel } from './texts.ts';
import { changeUser, userMeans } from './user-command.ts';

export const usersSetRole: Command = {
  name: 'users set-role',
  summary: 'Replace the roles of a user',
  details: `${userMeans} Sessions live on; access tokens with the old roles are refused at once, and the next refresh brings the new ones.`,
  operands: { usage: 'USER ROLE…', least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    none: { type: 'boolean', description: 'Take all roles away.' },
    json: jsonOption,
  },
  settings: dataSettings,
  examples: ['users set-role jane admin editor', 'users set-role jane --none'],
  async run(call) {
    const roles = call.operands.slice(1);
    if (call.flags.has('none') !== (roles.length === 0)) {
      throw new UsageError('Give the roles the user is to have, or --none to take all away.');
    }
    await changeUser(call, async (user, users, operator) => {
      await users.setRoles(user.id, roles, operator);
      const now = roles.length === 0 ? 'has no role' : `has: ${roles.join(', ')}`;
      return `${toLabel(user)} now ${now}. Access tokens with the old roles are refused from now on.`;
    });
    return undefined;
  },
};
