import type { Command } from './command.ts';

/** All commands, in the order help shows them. Each is loaded only where it is called, or for help. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./commands/serve.ts')).serve],
]);

/** What several commands begin with, and what they are about. */
export const groups: ReadonlyMap<string, string> = new Map([
  ['users', 'Create, find and change users'],
  ['keys', 'See the signing keys'],
]);
