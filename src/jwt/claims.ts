import type { Clock } from '../kernel/clock.ts';
import { isJsonObject, type JsonObject } from '../kernel/encoding/json.ts';
import { TokenRefused } from '../kernel/errors.ts';

/** What every token of ours says. Times are seconds since the epoch. @see RFC 7519 section 4.1 */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nbf?: number;
}

/** Claims as they were signed, with whatever else the token says. */
export type SignedClaims = Claims & Readonly<JsonObject>;

/** What is expected of the claims. */
export interface ClaimExpectations {
  /** Compared exactly, character by character. Undefined: any, where the key alone says who issued it. */
  readonly issuer: string | undefined;
  /**
   * The `aud` must hold one of these, exactly: what is expected and what a token says may each be one name or
   * several. Undefined: any.
   */
  readonly audience: string | readonly string[] | undefined;
  readonly clock: Clock;
  /** Seconds by which clocks may differ; for `exp` and `nbf`; 300 at most. Default: 5. */
  readonly clockTolerance?: number;
}

const DEFAULT_CLOCK_TOLERANCE = 5;

/**
 * Seconds. Revocations are forgotten 15 minutes after the last token they are about has expired. A
 * verifier with a tolerance near that would accept a revoked token again once its revocation is
 * forgotten; the other 10 minutes are for clocks that are wrong.
 */
export const MAX_CLOCK_TOLERANCE = 300;

/** 9999-12-31T23:59:59Z, the last second that dates are written for. */
const LAST_SECOND = 253402300799;

/** Whether it is a NumericDate between 1970 and 9999; fractions of a second are allowed. */
export function isNumericDate(value: unknown): value is number {
  // Refuses NaN and the infinities as well.
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

/**
 * Creates an assertion on the claims of a token whose signature is proven: `exp` and `iat` there, `nbf`
 * honoured, `iss` and `aud` as expected, `sub` a string.
 *
 * An `iat` in the future is no reason to refuse: the issuer's word for "not yet" is `nbf`, and an
 * issuer's clock that stepped back must not end every session.
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

/** @throws {RangeError} for anything but a sensible number of seconds */
export function requireTolerance(seconds: number = DEFAULT_CLOCK_TOLERANCE): number {
  // As a text it would be appended to the time at which a token expires.
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_CLOCK_TOLERANCE) return seconds;
  throw new RangeError(
    `clockTolerance is a number of seconds from 0 to ${MAX_CLOCK_TOLERANCE}. Set the clocks by NTP where they differ by more.`,
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
  // Written so that a clock that answers NaN refuses.
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

export function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The signature is right and the content is not: the issuer's mistake, so the fix is the issuer's. */
export function invalidClaims(problem: string): TokenRefused {
  return new TokenRefused(
    'token_invalid_claims',
    `This token was signed with content that is not allowed. ${problem} Correct what issues it.`,
  );
}
