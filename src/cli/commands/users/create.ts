import type { CreateUserInput } from '../../../auth/users/new-user.ts';
import { toAdminView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-settings.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { describeUser, toLabel } from './user-view.ts';

export const usersCreate: Command = {
  name: 'users create',
  summary: 'Create a user',
  details:
    'The command asks for the password, or reads it as one line from standard input. A password is never an argument, because other users of the machine could read it.',
  options: {
    username: {
      type: 'string',
      short: 'u',
      placeholder: 'name',
      description:
        'Letters, digits and . _ + - are allowed. Either a username or an email address is required.',
    },
    email: {
      type: 'string',
      short: 'e',
      placeholder: 'address',
      description: 'The email address.',
    },
    name: { type: 'string', placeholder: 'text', description: 'The full name, for display.' },
    role: {
      type: 'string',
      short: 'r',
      multiple: true,
      placeholder: 'role',
      description: 'A role of the user.',
    },
    'no-password': {
      type: 'boolean',
      description:
        'Create the user without a password, so that they cannot sign in with one until it is set.',
    },
    json: jsonOption,
  },
  settings: dataSettings,
  examples: [
    'users create --username jane --email jane@example.com --role admin',
    'users create --username robot --no-password',
    'users create --username jane < password-file',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  if (!flags.has('username') && !flags.has('email')) {
    throw new UsageError('Give --username, --email or both.');
  }
  // Checks the settings before it asks, so that an operator does not type a password in vain.
  readDataSettings(call, { mayCreate: true });
  const password = flags.has('no-password') ? undefined : await readNewPassword(console);
  await withLatchkey(
    call,
    async ({ users }, operator) => {
      const given = {
        username: flags.find('username'),
        email: flags.find('email'),
        name: flags.find('name'),
        password,
      };
      const present = Object.entries(given).filter(([, value]) => value !== undefined);
      const input: CreateUserInput = { ...Object.fromEntries(present), roles: flags.all('role') };
      const user = await users.create(input, operator);
      if (flags.has('json')) return console.printJson(toAdminView(user));
      console.print(`Created ${toLabel(user)}.`);
      console.print(describeUser(user));
    },
    { mayCreate: true },
  );
}
