import type { User } from '../../../auth/model.ts';
import type { UserReference } from '../../../auth/users/user-reference.ts';
import type { Users } from '../../../auth/users/users.ts';
import { RecordNotFound } from '../../../kernel/errors.ts';

/** The form of the ids of users and audit events. */
export const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Finds a user by id, username or email address.
 * @throws {RecordNotFound}
 */
export async function requireUser(users: Users, name: string): Promise<User> {
  const user = await users.find(toReference(name));
  if (user !== undefined) return user;
  throw new RecordNotFound(
    `There is no user ${JSON.stringify(name)}. List all users: latchkey users list`,
  );
}

function toReference(name: string): UserReference {
  // Never as a username: a user could have chosen the id of another user as a username.
  if (UUID.test(name)) return { id: name.toLowerCase() };
  return name.includes('@') ? { email: name } : { username: name };
}
