import type { Command } from '../../shell/command.ts';
import { dataSettings, jsonOption } from '../database/data-commands.ts';
import { toLabel } from './texts.ts';
import { changeUser, userMeans, userOperand } from './user-command.ts';

export const usersDisable = createCommand('disable', {
  summary: 'End all sessions of a user and let no new one begin',
  details: "Servers that run refuse the user's tokens within a second.",
  done: 'is disabled. All sessions have ended.',
});

export const usersEnable = createCommand('enable', {
  summary: 'Let a disabled user sign in again',
  details: 'Sessions that were ended stay ended.',
  done: 'is enabled and can sign in.',
});

function createCommand(
  word: 'disable' | 'enable',
  texts: { summary: string; details: string; done: string },
): Command {
  return {
    name: `users ${word}`,
    summary: texts.summary,
    details: `${userMeans} ${texts.details}`,
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
