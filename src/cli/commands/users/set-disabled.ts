import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../data-settings.ts';
import { changeUser, USER_OPERAND_HELP, userOperand } from './user-command.ts';
import { toLabel } from './user-view.ts';

export const usersDisable = createCommand('disable', {
  summary: 'Keep a user from signing in, and end all their sessions',
  details: "Running servers refuse the user's tokens within a second.",
  done: 'is disabled. All sessions have ended.',
});

export const usersEnable = createCommand('enable', {
  summary: 'Let a disabled user sign in again',
  details: 'Sessions that have ended stay ended.',
  done: 'is enabled and can sign in.',
});

function createCommand(
  word: 'disable' | 'enable',
  texts: { summary: string; details: string; done: string },
): Command {
  return {
    name: `users ${word}`,
    summary: texts.summary,
    details: `${USER_OPERAND_HELP} ${texts.details}`,
    operands: userOperand,
    options: { json: jsonOption },
    settings: dataSettings,
    examples: [`users ${word} jane`],
    async run(call) {
      await changeUser(call, async (user, users, operator) => {
        await users[word](user.id, operator);
        return `${toLabel(user)} ${texts.done}`;
      });
      return undefined;
    },
  };
}
