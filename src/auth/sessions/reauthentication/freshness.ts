import { ReauthenticationRequired } from '../../../kernel/errors.ts';
import type { Session, User } from '../../model.ts';

/** What is marked *fresh* needs an authentication that is no older. */
export const FRESH_SECONDS = 600;

/**
 * The strongest factor that an account has. `first`: a password, or another proof that signs in. `second`: a factor that
 * is presented after one.
 */
export type Factor = 'first' | 'second';

/** The authentication context class of a sign-in with a second factor. */
export const ACR_OF_SECOND_FACTOR = 'mfa';

/** Finds the strongest factor of an account. */
export function findStrongestFactor({ secondFactorAt }: Pick<User, 'secondFactorAt'>): Factor {
  return secondFactorAt === null ? 'first' : 'second';
}

/**
 * Asserts that the user of a session authenticated recently, with the strongest factor of the account. The attack: a
 * thief with a stolen session, or a person at an unlocked computer, does what takes an account over.
 *
 * Pass the session as it is stored. The `auth_time` of an access token says when the password was presented and nothing
 * of a second factor.
 * @param now ms since the epoch
 * @throws {ReauthenticationRequired}
 * @see RFC 9470
 */
export function assertFresh(
  { authTime, mfaTime }: Pick<Session, 'authTime' | 'mfaTime'>,
  strongest: Factor,
  now: number,
): void {
  const provenAt = strongest === 'first' ? authTime : mfaTime;
  if (provenAt !== null && now - provenAt <= FRESH_SECONDS * 1000) return;
  throw new ReauthenticationRequired(
    FRESH_SECONDS,
    strongest === 'second' ? [ACR_OF_SECOND_FACTOR] : [],
  );
}
