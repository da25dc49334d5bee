import { ACCESS_TOKEN_TYP } from '../../jwt/access-token.ts';
import { type ClaimExpectations, requireTolerance } from '../../jwt/claims.ts';
import { createJwtVerifier } from '../../jwt/jwt-verifier.ts';
import type { VerificationKey } from '../../jwt/keys/key-types.ts';
import { TokenRefused } from '../../kernel/errors.ts';
import type { RevocationIndex } from '../../revocation/revocation-index.ts';
import { assertAccessClaims, type VerifiedToken } from './access-claims.ts';
import { deepFreeze } from './deep-freeze.ts';
import {
  type CachedToken,
  type TokenCacheOptions,
  VerifiedTokenCache,
} from './verified-token-cache.ts';

/** @see createVerifier */
export interface VerifierOptions extends ClaimExpectations {
  readonly keys: readonly VerificationKey[];
  /** The live revocations. The owner of the verifier keeps them up to date. */
  readonly revocations: Pick<RevocationIndex, 'epoch' | 'isRevoked'>;
  /** Bounds of the cache of verified tokens, or false for none. */
  readonly cache?: TokenCacheOptions | false;
}

/** Verifies access tokens. */
export interface Verifier {
  /**
   * Verifies a token and returns its claims, frozen. Synchronous, and one look-up for a token that was verified before.
   *
   * Every call checks expiry, `nbf` and revocation by the present clock and index. If the clock is set back to before
   * `nbf`, the token is refused until then. Not checked: whether the user may do what is asked for; see
   * `createAccessRule`.
   * @throws {TokenRefused}
   */
  verify(token: string): VerifiedToken;
  /**
   * As `verify`, but returns undefined for a token that was not verified before. The text may be anything: only tokens
   * that were verified completely are found.
   * @throws {TokenRefused} if the token was revoked
   */
  findSeen(token: string): VerifiedToken | undefined;
  /** Accepts only these keys from now on, and forgets all verified tokens, as their key may be gone. */
  setKeys(keys: readonly VerificationKey[]): void;
}

/**
 * Creates the verifier that guards and the server share.
 * @throws {KeyRefused} if two keys share a `kid`
 * @throws {RangeError} for a `clockTolerance` or bounds of the cache that are out of range
 * @see RFC 9068 section 4
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { clock, revocations } = options;
  const tolerance = requireTolerance(options.clockTolerance);
  const cache = options.cache === false ? undefined : new VerifiedTokenCache(options.cache);
  let verifyJwt = createJwtVerifier({ ...options, typ: ACCESS_TOKEN_TYP });

  function verifyUnseen(token: string): VerifiedToken {
    const claims = verifyJwt(token);
    assertAccessClaims(claims);
    const { epoch } = revocations;
    if (revocations.isRevoked(claims)) throw revoked();
    deepFreeze(claims);
    cache?.add(token, {
      claims,
      validFrom: ((claims.nbf ?? Number.NEGATIVE_INFINITY) - tolerance) * 1000,
      validUntil: (claims.exp + tolerance) * 1000,
      epoch,
    });
    return claims;
  }

  function assertStillAccepted(token: string, seen: CachedToken): void {
    const { epoch } = revocations;
    if (seen.epoch === epoch) return;
    if (revocations.isRevoked(seen.claims)) {
      cache?.delete(token);
      throw revoked();
    }
    seen.epoch = epoch;
  }

  function findSeen(token: string): VerifiedToken | undefined {
    const seen = cache?.find(token);
    if (seen === undefined) return undefined;
    const now = clock.now();
    if (!(now < seen.validUntil && now >= seen.validFrom)) {
      // Verifying it again says what exactly is wrong.
      cache?.delete(token);
      return undefined;
    }
    assertStillAccepted(token, seen);
    return seen.claims;
  }

  return {
    // A value that is not a text cannot be looked up. Verifying refuses it.
    verify: (token) =>
      (typeof token === 'string' ? findSeen(token) : undefined) ?? verifyUnseen(token),
    findSeen,

    setKeys(keys) {
      verifyJwt = createJwtVerifier({ ...options, keys, typ: ACCESS_TOKEN_TYP });
      cache?.clear();
    },
  };
}

function revoked(): TokenRefused {
  return new TokenRefused(
    'token_revoked',
    'This token was revoked: its session was ended, or what its user may do has changed. Refresh it or ' +
      'sign in again.',
  );
}
