import type { Command } from './command.ts';

/** All commands, in the order help shows them. Each is loaded only where it is called, or for help. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./commands/serve.ts')).serve],
  ['users create', async () => (await import('./commands/users-create.ts')).usersCreate],
  ['users list', async () => (await import('./commands/users-list.ts')).usersList],
  ['users show', async () => (await import('./commands/users-show.ts')).usersShow],
  ['users set-role', async () => (await import('./commands/users-set-role.ts')).usersSetRole],
  [
    'users set-password',
    async () => (await import('./commands/users-set-password.ts')).usersSetPassword,
  ],
  ['users disable', async () => (await import('./commands/users-set-disabled.ts')).usersDisable],
  ['users enable', async () => (await import('./commands/users-set-disabled.ts')).usersEnable],
  ['users delete', async () => (await import('./commands/users-delete.ts')).usersDelete],
  ['guards create', async () => (await import('./commands/guards-create.ts')).guardsCreate],
  ['guards list', async () => (await import('./commands/guards-list.ts')).guardsList],
  ['guards delete', async () => (await import('./commands/guards-delete.ts')).guardsDelete],
  ['backup', async () => (await import('./commands/backup.ts')).backup],
  ['restore', async () => (await import('./commands/restore.ts')).restore],
  [
    'migrate-database',
    async () => (await import('./commands/migrate-database.ts')).migrateDatabase,
  ],
  ['keys list', async () => (await import('./commands/keys-list.ts')).keysList],
  ['keys rotate', async () => (await import('./commands/keys-rotate.ts')).keysRotate],
  ['keys revoke', async () => (await import('./commands/keys-revoke.ts')).keysRevoke],
  ['secret rotate', async () => (await import('./commands/secret-rotate.ts')).secretRotate],
]);

/** What several commands begin with, and what they are about. */
export const groups: ReadonlyMap<string, string> = new Map([
  ['users', 'Create, find and change users'],
  ['guards', 'Create and take back the keys of guards'],
  ['keys', 'See, replace and revoke the signing keys'],
  ['secret', 'Replace the secret'],
]);
