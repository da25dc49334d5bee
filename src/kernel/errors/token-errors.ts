import { isLatchkeyError, LatchkeyError } from './latchkey-error.ts';

/** Why an access token was refused. `token_missing`: none came. `user_gone`: its user was deleted. */
export type TokenErrorCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_untrusted'
  | 'token_bad_signature'
  | 'token_invalid_claims'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_wrong_issuer'
  | 'token_wrong_audience'
  | 'token_revoked'
  | 'user_gone';

/**
 * An access token is required, and none came or the one that came is not accepted.
 * @see RFC 6750 section 3.1
 */
export class TokenRefused extends LatchkeyError {
  /** Why the token was refused. */
  override readonly code: TokenErrorCode;
  constructor(code: TokenErrorCode, message: string) {
    super(message);
    this.code = code;
  }
  override get status(): 401 {
    return 401;
  }
  override get bearerError(): 'invalid_token' | undefined {
    return this.code === 'token_missing' ? undefined : 'invalid_token';
  }
}

/** Whether this is a {@link TokenRefused}, from whichever package of Latchkey. */
export function isTokenRefusal(error: unknown): error is TokenRefused {
  if (!isLatchkeyError(error)) return false;
  return error.code === 'token_missing' || error.bearerError === 'invalid_token';
}

/** A request brings two credentials where one is expected, and to choose one would be to guess. */
export class MultipleCredentials extends LatchkeyError {
  override readonly code = 'multiple_credentials';
  override get status(): 400 {
    return 400;
  }
}

/**
 * The caller is authenticated, and is not allowed to do this. `cross_site_request`: the request uses a cookie and comes
 * from a page of another site. `administrator_protected`: administrators cannot be changed in this way.
 * `last_administrator`: no enabled one would be left.
 */
export class AccessDenied extends LatchkeyError {
  /** What is missing, or what is not allowed. */
  override readonly code:
    | 'insufficient_role'
    | 'insufficient_permission'
    | 'insufficient_scope'
    | 'administrator_protected'
    | 'last_administrator'
    | 'cross_site_request';
  /** With `insufficient_scope`, the scopes that are required; else empty. */
  readonly scopes: readonly string[];
  constructor(code: AccessDenied['code'], message: string, scopes: readonly string[] = []) {
    super(message);
    this.code = code;
    this.scopes = scopes;
  }
  override get status(): 403 {
    return 403;
  }
  override get bearerError(): 'insufficient_scope' | undefined {
    return this.code.startsWith('insufficient_') ? 'insufficient_scope' : undefined;
  }
}

/**
 * The user authenticated too long ago for this request, or by a weaker factor than it needs.
 * @see RFC 9470 section 3
 */
export class ReauthenticationRequired extends LatchkeyError {
  override readonly code = 'insufficient_user_authentication';
  /** The most seconds that may have passed since the user authenticated. */
  readonly maxAuthAge: number;
  /** The authentication context classes of which one is required, the preferred one first. Empty: any. */
  readonly acrValues: readonly string[];
  constructor(maxAuthAge: number, acrValues: readonly string[] = []) {
    super(
      `Reauthenticate, or sign in again: this needs an authentication no older than ${maxAuthAge} seconds.`,
    );
    this.maxAuthAge = maxAuthAge;
    this.acrValues = acrValues;
  }
  override get status(): 401 {
    return 401;
  }
  override get bearerError(): 'insufficient_user_authentication' {
    return 'insufficient_user_authentication';
  }
}
