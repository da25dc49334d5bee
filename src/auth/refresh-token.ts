import { RefreshRefused, TokenRefused } from '../errors.ts';
import { REFRESH_TOKEN_TYP } from '../jwt/access-token.ts';
import { createSigner } from '../jwt/jws.ts';
import { importSigningKey } from '../jwt/keys.ts';
import { createJwtVerifier } from '../jwt/verifier.ts';
import type { Session } from './model.ts';
import type { Clock } from './ports.ts';
import { deriveKey } from './sealing.ts';

/** What a refresh token says, once its signature is known to be ours. */
export interface RefreshClaims {
  readonly userId: string;
  readonly sessionId: string;
  readonly generation: number;
}

/** Turns sessions into refresh tokens and back. */
export interface RefreshTokenCodec {
  /** A pure function of the session: the same session gives the same token, byte for byte. */
  encode(session: Session): string;
  /**
   * Proves that the token is ours, unaltered and unexpired. It does not tell whether the session lives.
   * @throws {RefreshRefused}
   */
  parse(token: string): RefreshClaims;
}

/**
 * Refresh tokens are JWTs of their own kind, `rt+jwt`, by HS256 under a key derived from the secret:
 * no other key verifies one and no access token passes for one.
 */
export function createRefreshTokenCodec(options: {
  secret: string;
  issuer: string;
  clock: Clock;
}): RefreshTokenCodec {
  const { issuer, clock } = options;
  const key = importSigningKey(deriveKey(options.secret, 'refresh tokens v1'), 'HS256');
  const sign = createSigner(key, REFRESH_TOKEN_TYP);
  const verify = createJwtVerifier({
    keys: [{ kid: key.kid, algorithm: key.algorithm, key: key.publicKey }],
    typ: REFRESH_TOKEN_TYP,
    issuer,
    audience: issuer,
    clock,
  });

  return {
    encode: (session) =>
      sign({
        iss: issuer,
        aud: issuer,
        sub: session.userId,
        sid: session.id,
        gen: session.generation,
        iat: Math.floor(session.rotatedAt / 1000),
        exp: Math.floor(session.expiresAt / 1000),
      }),

    parse(token) {
      const { sub, sid, gen } = verifyOrRefuse(verify, token);
      if (typeof sub !== 'string' || typeof sid !== 'string' || !isCount(gen)) throw invalid();
      return { userId: sub, sessionId: sid, generation: gen };
    },
  };
}

function verifyOrRefuse(
  verify: (token: string) => Readonly<Record<string, unknown>>,
  token: string,
) {
  try {
    return verify(token);
  } catch (error) {
    if (error instanceof TokenRefused && error.code === 'token_expired') {
      throw new RefreshRefused(
        'refresh_token_expired',
        'The refresh token has expired. Sign in again.',
      );
    }
    throw error instanceof TokenRefused ? invalid() : error;
  }
}

function invalid(): RefreshRefused {
  return new RefreshRefused(
    'refresh_token_invalid',
    'This is not a refresh token of this server. Send the latest one you were given, or sign in again.',
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
