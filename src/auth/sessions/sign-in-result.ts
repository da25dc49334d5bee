import type { FactorMethod } from '../credentials/second-factors/check-factor.ts';
import type { IssuedTokens } from './tokens/issued-tokens.ts';

/** What every challenge has. */
interface ChallengeBase {
  /** A secret that works once: present it with the next step. */
  readonly challenge: string;
  /** Seconds until the challenge expires. */
  readonly expiresIn: number;
}

/** The password was right, and a new one is required: {@link Auth.changeRequiredPassword}. */
export interface PasswordChangeChallenge extends ChallengeBase {
  /** The step that is still required. */
  readonly required: 'password_change';
}

/** A second factor is required: {@link Auth.completeSignIn}. */
export interface SecondFactorChallenge extends ChallengeBase {
  /** The step that is still required. */
  readonly required: 'second_factor';
  /** The methods that the account has. */
  readonly methods: readonly FactorMethod[];
  /** What the user can set up, if the account has no factor and needs one. */
  readonly enroll: readonly 'totp'[];
}

/**
 * A sign-in that needs one more step. There is no session and no token of any kind until it is done. `required` tells
 * which step it is.
 */
export type SignInChallenge = PasswordChangeChallenge | SecondFactorChallenge;

/**
 * The result of a sign-in: tokens, or a challenge.
 *
 * ```ts
 * const result = await auth.login({ username, password });
 * if (isChallenge(result)) return showNextStep(result);
 * return result.accessToken;
 * ```
 */
export type SignInResult = IssuedTokens | SignInChallenge;

/** Whether a sign-in needs one more step. */
export function isChallenge(result: SignInResult): result is SignInChallenge {
  return 'challenge' in result;
}
