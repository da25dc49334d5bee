import type { AccessTokenClaims } from '../../jwt/access-token.ts';
import { TokenRefused } from '../../kernel/errors.ts';

/** The user, with the session, that a verified access token speaks for: the `sub` and the `sid` of its claims. */
export type Principal = Pick<AccessTokenClaims, 'sub' | 'sid'>;

/** The error for an access token whose session has ended. */
export function sessionEnded(): TokenRefused {
  return new TokenRefused('token_revoked', 'This session has ended. Sign in again.');
}

/** The error for an access token whose user was deleted after it was issued. */
export function userGone(): TokenRefused {
  return new TokenRefused('user_gone', 'The user of this token no longer exists. Register again.');
}
