import { AccessDenied } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import { findLiveSession } from '../sessions/find-session.ts';
import { type Principal, sessionEnded } from '../sessions/principal.ts';
import { assertFresh, findStrongestFactor } from '../sessions/reauthentication/freshness.ts';

/** What an administrator must show. */
export interface AdministratorTerms {
  /** The role of administrators. */
  readonly role: string;
  /** Whether the authentication must be fresh, as changes require. */
  readonly needsFresh: boolean;
}

/**
 * Asserts that a token speaks for an administrator now, by the rows of the session and the user as they are stored. The
 * attack: a token of a user whose role was taken away a moment ago, on a node that has not heard of it.
 * @throws {TokenRefused} when the session has ended, or the user was disabled or deleted
 * @throws {AccessDenied} when the user does not have the role
 * @throws {ReauthenticationRequired}
 */
export async function authorizeAdministrator(
  context: AuthContext,
  { sub, sid }: Principal,
  { role, needsFresh }: AdministratorTerms,
): Promise<void> {
  const now = context.clock.now();
  const live = await findLiveSession(context, sid, now);
  if (live?.user.id !== sub || live.user.disabledAt !== null) {
    throw sessionEnded();
  }
  if (!live.user.roles.includes(role)) {
    throw new AccessDenied('insufficient_role', `This needs the role ${role}.`);
  }
  if (needsFresh) assertFresh(live.session, findStrongestFactor(live.user), now);
}
