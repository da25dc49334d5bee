import type { Command } from './shell/command.ts';

/** All commands, in the order in which help lists them. A command is loaded when it is called, and all for help. */
export const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./serve/serve.ts')).serve],
  ['users create', async () => (await import('./commands/users/create.ts')).usersCreate],
  ['users list', async () => (await import('./commands/users/list.ts')).usersList],
  ['users show', async () => (await import('./commands/users/show.ts')).usersShow],
  ['users set-role', async () => (await import('./commands/users/set-role.ts')).usersSetRole],
  [
    'users set-password',
    async () => (await import('./commands/users/set-password.ts')).usersSetPassword,
  ],
  [
    'users require-password-change',
    async () =>
      (await import('./commands/users/require-password-change.ts')).usersRequirePasswordChange,
  ],
  [
    'users unthrottle',
    async () => (await import('./commands/users/unthrottle.ts')).usersUnthrottle,
  ],
  ['users disable', async () => (await import('./commands/users/set-disabled.ts')).usersDisable],
  ['users enable', async () => (await import('./commands/users/set-disabled.ts')).usersEnable],
  ['users delete', async () => (await import('./commands/users/delete.ts')).usersDelete],
  ['sessions list', async () => (await import('./commands/sessions/list.ts')).sessionsList],
  ['sessions end', async () => (await import('./commands/sessions/end.ts')).sessionsEnd],
  ['clients create', async () => (await import('./commands/clients/create.ts')).clientsCreate],
  ['clients list', async () => (await import('./commands/clients/list.ts')).clientsList],
  [
    'clients rotate-secret',
    async () => (await import('./commands/clients/rotate-secret.ts')).clientsRotateSecret,
  ],
  ['clients delete', async () => (await import('./commands/clients/delete.ts')).clientsDelete],
  ['backup', async () => (await import('./commands/database/backup.ts')).backup],
  ['restore', async () => (await import('./commands/database/restore.ts')).restore],
  [
    'migrate-database',
    async () => (await import('./commands/database/migrate-database.ts')).migrateDatabase,
  ],
  ['keys list', async () => (await import('./commands/keys/list.ts')).keysList],
  ['keys rotate', async () => (await import('./commands/keys/rotate.ts')).keysRotate],
  ['keys revoke', async () => (await import('./commands/keys/revoke.ts')).keysRevoke],
  ['mails list', async () => (await import('./commands/mails/list.ts')).mailsList],
  ['mails retry', async () => (await import('./commands/mails/retry.ts')).mailsRetry],
  ['audit list', async () => (await import('./commands/audit/list.ts')).auditList],
  ['audit tail', async () => (await import('./commands/audit/tail.ts')).auditTail],
  ['audit verify', async () => (await import('./commands/audit/verify.ts')).auditVerify],
  ['secret rotate', async () => (await import('./commands/secret/rotate.ts')).secretRotate],
]);

/** First words that several commands share, with a summary of each group. */
export const groups: ReadonlyMap<string, string> = new Map([
  ['users', 'Create, find and change users'],
  ['sessions', 'List and end the sessions of a user'],
  ['clients', 'Create and delete clients, and replace their secrets'],
  ['keys', 'List, replace and revoke the signing keys'],
  ['mails', 'List the mails that were not sent, and send them again'],
  ['audit', 'Read and verify the audit trail: who did what to whom, when, and from where'],
  ['secret', 'Replace the secret that protects the keys'],
]);

/** Commands of earlier versions, with what to use instead. */
export const renamed: ReadonlyMap<string, string> = new Map([
  ['guards', 'clients'],
  ['guards create', 'clients create NAME --kind guard'],
  ['guards list', 'clients list'],
  ['guards delete', 'clients delete CLIENT'],
]);
