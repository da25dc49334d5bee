import type { CreateUserInput } from '../../../auth/users/new-user.ts';
import type { Call, Command } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import { readNewPassword } from '../../shell/terminal/password-input.ts';
import { dataSettings, jsonOption, readDataSettings } from '../database/data-commands.ts';
import { describeUser, toAdminView, toLabel } from './texts.ts';
import { withUsers } from './with-users.ts';

export const usersCreate: Command = {
  name: 'users create',
  summary: 'Add a user',
  details:
    'The password is asked for, or read from standard input as one line. It is never an argument: other users of the machine could read it.',
  options: {
    username: {
      type: 'string',
      short: 'u',
      placeholder: 'name',
      description: 'Letters, digits and . _ + -; this or an email address is needed.',
    },
    email: { type: 'string', short: 'e', placeholder: 'address', description: 'Email address.' },
    name: { type: 'string', placeholder: 'text', description: 'The full name, for people.' },
    role: {
      type: 'string',
      short: 'r',
      multiple: true,
      placeholder: 'role',
      description: 'A role to have.',
    },
    'no-password': {
      type: 'boolean',
      description: 'Without a password; the user cannot sign in with one until it is set.',
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
  // First what can be refused at once: nobody should type a password in vain.
  readDataSettings(call, { mayCreate: true });
  const password = flags.has('no-password') ? undefined : await readNewPassword(console);
  await withUsers(
    call,
    async (users, operator) => {
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
