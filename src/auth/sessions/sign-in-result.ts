import type { IssuedTokens } from './sign-in.ts';

/**
 * A sign-in that needs one more step. There is no session and no token of any kind until it is done.
 *
 * `password_change`: the password was right, and a new one is required: {@link Auth.changeRequiredPassword}.
 */
export interface SignInChallenge {
  readonly required: 'password_change';
  /** To be presented with the next step, once. A secret. */
  readonly challenge: string;
  /** Seconds in which the next step must be taken. */
  readonly expiresIn: number;
}

/**
 * What comes of a sign-in: tokens, or a challenge.
 *
 * ```ts
 * const result = await auth.login({ username, password });
 * if (isChallenge(result)) return askForNewPassword(result.challenge);
 * return result.accessToken;
 * ```
 */
export type SignInResult = IssuedTokens | SignInChallenge;

/** Whether a sign-in needs one more step. */
export function isChallenge(result: SignInResult): result is SignInChallenge {
  return 'challenge' in result;
}
