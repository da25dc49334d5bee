import type { AccessTokenClaims } from '../../jwt/access-token.ts';
import {
  invalidClaims,
  isNumericDate,
  isStringArray,
  type SignedClaims,
} from '../../jwt/claims.ts';

/**
 * The claims of a verified access token, deeply frozen: requests with the same token share them, and none may change what
 * another one sees.
 */
export type VerifiedToken<Host extends object = Record<string, unknown>> = AccessTokenClaims<Host>;

/**
 * Asserts the claims that access tokens have in addition to those of every token.
 * @throws {TokenRefused}
 * @see RFC 9068 section 2.2
 */
export function assertAccessClaims(
  claims: SignedClaims,
): asserts claims is SignedClaims & AccessTokenClaims {
  const { client_id, jti, sid, auth_time, amr, roles, entitlements, scope, username } = claims;
  assertName(client_id, 'client_id');
  assertName(jti, 'jti');
  assertName(sid, 'sid');
  if (!isNumericDate(auth_time)) {
    throw invalidClaims('Its "auth_time" is missing or not a date in seconds.');
  }
  if (amr !== undefined && !isStringArray(amr)) {
    throw invalidClaims('Its "amr" is not an array of strings.');
  }
  if (roles !== undefined && !isStringArray(roles)) {
    throw invalidClaims('Its "roles" is not an array of strings.');
  }
  if (entitlements !== undefined && !isStringArray(entitlements)) {
    throw invalidClaims('Its "entitlements" is not an array of strings.');
  }
  if (scope !== undefined && typeof scope !== 'string') {
    throw invalidClaims('Its "scope" is not a string.');
  }
  if (username !== undefined && typeof username !== 'string') {
    throw invalidClaims('Its "username" is not a string.');
  }
}

function assertName(value: unknown, claim: string): void {
  if (typeof value !== 'string' || value === '') {
    throw invalidClaims(`Its "${claim}" is missing or not a string.`);
  }
}
