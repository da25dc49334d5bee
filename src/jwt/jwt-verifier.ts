import { type ClaimExpectations, createClaimsAssertion, type SignedClaims } from './claims.ts';
import { createAcceptedHeaders, createJwsVerifier } from './jws.ts';
import type { VerificationKey } from './keys/key-types.ts';
import { parsePayload } from './payload.ts';

/** @see createJwtVerifier */
export interface JwtVerifierOptions extends ClaimExpectations {
  /** The keys whose tokens are accepted. */
  readonly keys: readonly VerificationKey[];
  /** The one kind of token that is accepted, such as `at+jwt`. */
  readonly typ: string;
}

/**
 * Creates a function that verifies a token and returns its claims.
 *
 * It checks, in this order: length and shape, the exact header (and with it kind, key and algorithm), the signature, strict
 * base64url, UTF-8 and JSON, then issuer, audience and times. It does not check revocation, or claims that only one kind
 * of token has.
 * @throws {KeyRefused} if two keys share a `kid`
 * @returns a function that throws {@link TokenRefused}
 * @see RFC 7519 section 7.2, RFC 8725
 */
export function createJwtVerifier(options: JwtVerifierOptions): (token: string) => SignedClaims {
  const verifySignature = createJwsVerifier(createAcceptedHeaders(options.keys, options.typ));
  const assertClaims: (claims: unknown) => asserts claims is SignedClaims =
    createClaimsAssertion(options);
  return (token) => {
    const claims: unknown = parsePayload(verifySignature(token));
    assertClaims(claims);
    return claims;
  };
}
