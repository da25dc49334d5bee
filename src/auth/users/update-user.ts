import { IdentifierTaken } from '../../kernel/errors.ts';
import type { Caller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../context.ts';
import { toUser, type User } from '../model.ts';
import type { ParsedChanges } from './user-changes.ts';
import { findUserWithSameName } from './user-records.ts';

/**
 * Changes a user. Access tokens that were issued before are refused, as they may carry what changed.
 * @returns undefined if there is no such user
 * @throws {IdentifierTaken}
 */
export async function updateUser(
  context: AuthContext,
  userId: string,
  { changes, fields }: ParsedChanges,
  caller: Caller,
): Promise<User | undefined> {
  const { store, clock } = context;
  const event = { type: 'user_updated', subject: aboutUser(userId), changes: { fields } } as const;
  const how = createRevocationArgs(context, event, caller);
  const updating = store.updateUser({ userId, changes, now: clock.now(), ...how });
  const result = await runRevocation(context, updating).catch(async (error: unknown) => {
    // Two that take one name at the same moment: the database refuses the second.
    const { usernameKey = null, emailKey = null } = changes;
    const holder = await findUserWithSameName(context, { usernameKey, emailKey });
    throw holder === undefined || holder.record.id === userId
      ? error
      : new IdentifierTaken(holder.field);
  });
  if (result.taken !== undefined) throw new IdentifierTaken(result.taken);
  return result.user && toUser(result.user);
}
