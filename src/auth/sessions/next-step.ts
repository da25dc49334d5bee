import type { AuthContext } from '../context.ts';
import { challengeForPassword } from '../credentials/required-password-change.ts';
import { challengeForFactor } from '../credentials/second-factors/challenge.ts';
import type { UserRecord } from '../model.ts';
import type { NewSession } from './new-session.ts';
import type { SignInChallenge } from './sign-in-result.ts';

/**
 * Makes the challenge for a sign-in whose first proof was accepted, if it needs another step. Every way to sign in asks
 * it before it starts a session; the store refuses a session that misses a step.
 *
 * The second factor comes before a new password. The attack: an operator requires a new password because a thief knows
 * the old one. If the change came first, the thief would choose the new one, and lock the owner out without the factor.
 * @param record the user as stored when the proof was accepted
 * @returns undefined if the session can start
 * @throws {StoreUnavailable}
 */
export async function findNextStep(
  context: AuthContext,
  record: UserRecord,
  start: NewSession,
): Promise<SignInChallenge | undefined> {
  if (record.secondFactorAt !== null) return challengeForFactor(context, start);
  if (record.passwordChangeRequiredAt !== null) return challengeForPassword(context, start);
  return undefined;
}
