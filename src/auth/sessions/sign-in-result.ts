import type { IssuedTokens } from './tokens/issued-tokens.ts';

/**
 * A sign-in that needs one more step. There is no session and no token of any kind until it is done.
 *
 * `password_change`: the password was right, and a new one is required: {@link Auth.changeRequiredPassword}.
 */
export interface SignInChallenge {
  /** What is still required before there are tokens. */
  readonly required: 'password_change';
  /** A secret that works once: present it with the next step. */
  readonly challenge: string;
  /** Seconds until the challenge expires. */
  readonly expiresIn: number;
}

/**
 * The result of a sign-in: tokens, or a challenge.
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
