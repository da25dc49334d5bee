import type { Caller } from '../../../auth/audit/caller.ts';
import type { User } from '../../../auth/model.ts';
import type { Users } from '../../../auth/users/users.ts';
import { RecordNotFound } from '../../../kernel/errors.ts';
import type { Call } from '../../shell/command.ts';
import { withLatchkey } from '../with-latchkey.ts';

/** Opens the users of the server's database, and lets go of it whatever comes. */
export function withUsers<T>(
  call: Call,
  work: (users: Users, operator: Caller) => Promise<T>,
  options: { mayCreate?: boolean } = {},
): Promise<T> {
  return withLatchkey(call, ({ users }, operator) => work(users, operator), options);
}

/** The form of the id of a user. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Finds a user by id, username or email address.
 * @throws {NotFound}
 */
export async function requireUser(users: Users, name: string): Promise<User> {
  const user = await users.find(toReference(name));
  if (user !== undefined) return user;
  throw new RecordNotFound(
    `There is no user ${JSON.stringify(name)}. See who is there: latchkey users list`,
  );
}

function toReference(name: string): { id: string } | { username: string } | { email: string } {
  // Never a username: somebody could choose another user's id as theirs.
  if (UUID.test(name)) return { id: name.toLowerCase() };
  return name.includes('@') ? { email: name } : { username: name };
}
