import type { Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersSetRole: Command = {
  name: 'users set-role',
  summary: 'Replace the roles of a user',
  details: `${USER_OPERAND_HELP} Sessions continue. Access tokens with the old roles are refused immediately, and the next refresh issues one with the new roles.`,
  operands: { usage: 'USER ROLE…', least: 1, most: Number.POSITIVE_INFINITY },
  options: {
    none: { type: 'boolean', description: 'Remove all roles.' },
    json: jsonOption,
  },
  settings: dataSettings,
  examples: ['users set-role jane admin editor', 'users set-role jane --none'],
  async run(call) {
    const roles = call.operands.slice(1);
    if (call.flags.has('none') !== (roles.length === 0)) {
      throw new UsageError('Give the new roles of the user, or --none to remove all.');
    }
    await changeUser(call, async (user, users, operator) => {
      await users.setRoles(user.id, roles, operator);
      const now = roles.length === 0 ? 'has no roles' : `has the roles ${roles.join(', ')}`;
      return `${toLabel(user)} now ${now}. Access tokens with the old roles are refused.`;
    });
    return undefined;
  },
};
