import type { Clock } from '../kernel/clock.ts';
import { isJsonObject, type JsonObject } from '../kernel/encoding/json.ts';
import { TokenRefused } from '../kernel/errors.ts';

/** The claims of every token of ours. Times are seconds since the epoch. @see RFC 7519 section 4.1 */
export interface Claims {
  /** The issuer's URL. */
  readonly iss: string;
  /** The user's id. */
  readonly sub: string;
  /** The API, or several, that the token is for. */
  readonly aud: string | readonly string[];
  /** When the token expires, in seconds since the epoch. */
  readonly exp: number;
  /** When the token was issued, in seconds since the epoch. */
  readonly iat: number;
  /** When the token becomes valid, in seconds since the epoch. Absent: when it was issued. */
  readonly nbf?: number;
}

/** The claims of a token whose signature was verified, with all others that it has. */
export type SignedClaims = Claims & Readonly<JsonObject>;

/** What is expected of the claims. */
export interface ClaimExpectations {
  /** Compared exactly, character by character. Undefined: any, as the key shows who issued the token. */
  readonly issuer: string | undefined;
  /**
   * The `aud` must contain one of these, exactly. Both may be one name or several. Undefined: any.
   */
  readonly audience: string | readonly string[] | undefined;
  readonly clock: Clock;
  /** Seconds by which clocks may differ, for `exp` and `nbf`: 0 to 300. Default 5. */
  readonly clockTolerance?: number;
}

const DEFAULT_CLOCK_TOLERANCE_SECONDS = 5;

/**
 * A revocation is purged 15 minutes after the last token that it affects has expired. A verifier with a tolerance near
 * that would accept a revoked token again after the purge. The other 10 minutes are for clocks that are wrong.
 */
export const MAX_CLOCK_TOLERANCE_SECONDS = 300;

/** 9999-12-31T23:59:59Z, the last second with a year of four digits. */
const LAST_SECOND = 253402300799;

/** Whether a value is a NumericDate between 1970 and 9999; fractions of a second are allowed. */
export function isNumericDate(value: unknown): value is number {
  // Refuses NaN and the infinities as well.
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

/**
 * Creates an assertion for the claims of a token whose signature was verified: `exp` and `iat` are there, `exp` and `nbf`
 * allow the present time, `iss` and `aud` are as expected, `sub` is a string.
 *
 * A token with an `iat` in the future is accepted: `nbf` is what says "not yet", and an issuer's clock that was set back
 * must not end every session.
 * @returns a function that throws {@link TokenRefused}
 * @see RFC 7519 section 4.1, RFC 8725 sections 3.8 and 3.9
 */
export function createClaimsAssertion(
  expectations: ClaimExpectations,
): (claims: unknown) => asserts claims is SignedClaims {
  const { issuer, audience, clock } = expectations;
  const tolerance = requireTolerance(expectations.clockTolerance);
  const accepted = typeof audience === 'string' ? [audience] : audience?.slice();
  return (claims) => {
    assertShape(claims);
    if (issuer !== undefined && claims.iss !== issuer) {
      throw new TokenRefused(
        'token_wrong_issuer',
        'This token was issued by another server. Sign in here.',
      );
    }
    if (accepted !== undefined && !isFor(claims, accepted)) {
      throw new TokenRefused(
        'token_wrong_audience',
        'This token is for another service. Ask for one whose audience is this service.',
      );
    }
    assertTimely(claims, clock.now() / 1000, tolerance);
  };
}

/** @see RFC 7519 section 4.1.3 */
function isFor({ aud }: Claims, accepted: readonly string[]): boolean {
  if (typeof aud === 'string') return accepted.includes(aud);
  return aud.some((each) => accepted.includes(each));
}

/** Returns a tolerance in seconds. @throws {RangeError} for any value other than a number from 0 to 300 */
export function requireTolerance(seconds: number = DEFAULT_CLOCK_TOLERANCE_SECONDS): number {
  // `+` would append a text to the time at which a token expires.
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_CLOCK_TOLERANCE_SECONDS)
    return seconds;
  throw new RangeError(
    `clockTolerance must be a number of seconds from 0 to ${MAX_CLOCK_TOLERANCE_SECONDS}. Set the clocks by NTP where they differ by more.`,
  );
}

/**
 * Asserts that a token is neither expired nor early.
 * @param now seconds since the epoch
 */
function assertTimely(
  { exp, nbf }: Pick<Claims, 'exp' | 'nbf'>,
  now: number,
  tolerance: number,
): void {
  // Written so that the token is refused if the clock returns NaN.
  if (!(now < exp + tolerance)) {
    throw new TokenRefused('token_expired', 'The token has expired. Refresh it or sign in again.');
  }
  if (nbf !== undefined && !(now >= nbf - tolerance)) {
    throw new TokenRefused(
      'token_not_yet_valid',
      'The token is not valid yet. Try again later, and check the clocks of both machines.',
    );
  }
}

function assertShape(claims: unknown): asserts claims is SignedClaims {
  if (!isJsonObject(claims)) throw invalidClaims('Its claims are not a JSON object.');
  const { iss, sub, aud, exp, iat, nbf } = claims;
  if (!isNumericDate(exp)) throw invalidClaims('Its "exp" is missing or not a date in seconds.');
  if (!isNumericDate(iat)) throw invalidClaims('Its "iat" is missing or not a date in seconds.');
  if (nbf !== undefined && !isNumericDate(nbf)) {
    throw invalidClaims('Its "nbf" is not a date in seconds.');
  }
  if (typeof iss !== 'string') throw invalidClaims('Its "iss" is missing or not a string.');
  if (typeof sub !== 'string' || sub === '') {
    throw invalidClaims('Its "sub" is missing or not a string.');
  }
  if (typeof aud !== 'string' && !isStringArray(aud)) {
    throw invalidClaims('Its "aud" is missing, or neither a string nor an array of strings.');
  }
}

/** Whether a value is an array of strings. */
export function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Creates the error for a token that is signed correctly with wrong content, which only its issuer can fix. */
export function invalidClaims(problem: string): TokenRefused {
  return new TokenRefused(
    'token_invalid_claims',
    `This token was signed with content that is not allowed. ${problem} Correct what issues it.`,
  );
}
