import { AccountDisabled } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import type { AuthContext } from '../context.ts';
import type { User, UserRecord } from '../model.ts';
import { findLiveSession } from '../sessions/find-session.ts';
import { type Principal, sessionEnded, userGone } from '../sessions/principal.ts';
import { assertFresh, findStrongestFactor } from '../sessions/reauthentication/freshness.ts';
import { updateUser } from './update-user.ts';
import { parseUserChanges } from './user-changes.ts';
import { Users } from './users.ts';

/** What users change of their own account. The host's own `fields` are further members, by their names. */
export interface AccountChanges {
  /** As for {@link NewUserInput}; null removes it, which needs an address. */
  readonly username?: string | null;
  /** The user's name for display; null removes it. */
  readonly name?: string | null;
  /** The host's own fields; null removes one that is not required. */
  readonly [field: string]: unknown;
}

/** Changes the account of a token: see `Auth.updateMe`. */
export async function updateMe(
  context: AuthContext,
  { sub }: Principal,
  input: unknown,
  caller: Caller,
): Promise<User> {
  const record = await context.store.findUser({ id: sub });
  // The attack: a thief with a stolen session makes the account their own by changing its address.
  const parsed = parseUserChanges(input, record, context.settings.fields, { hasEmail: false });
  if (record === undefined) throw userGone();
  if (record.disabledAt !== null) throw new AccountDisabled();
  const user = await updateUser(context, sub, parsed, identify(caller, sub));
  if (user === undefined) throw userGone();
  return user;
}

/** Deletes the account of a token: see `Auth.deleteMe`. */
export async function deleteMe(
  context: AuthContext,
  principal: Principal,
  caller: Caller,
  adminRole: string | undefined,
): Promise<void> {
  const now = context.clock.now();
  const live = await findLiveSession(context, principal.sid, now);
  if (live?.user.id !== principal.sub) throw sessionEnded();
  assertFresh(live.session, findStrongestFactor(live.user), now);
  const by = identify(caller, principal.sub);
  const acting = await createOwnContext(context, principal, live.user, by, adminRole);
  await new Users(acting).delete(principal.sub, by);
}

/** The last enabled administrator cannot leave: no account could administer the server then. */
async function createOwnContext(
  context: AuthContext,
  principal: Principal,
  user: UserRecord,
  caller: Caller,
  role: string | undefined,
): Promise<AuthContext> {
  if (role === undefined || !user.roles.includes(role)) return context;
  const { createActingContext } = await import('../administration/acting-store.ts');
  return createActingContext(context, { principal, caller, role });
}
