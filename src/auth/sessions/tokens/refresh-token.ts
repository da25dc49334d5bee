import { REFRESH_TOKEN_TYP } from '../../../jwt/access-token.ts';
import { createSigner } from '../../../jwt/jws.ts';
import { createJwtVerifier } from '../../../jwt/jwt-verifier.ts';
import { importSigningKey, toVerificationKey } from '../../../jwt/keys/import-keys.ts';
import type { SigningKey } from '../../../jwt/keys/key-types.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { isCount } from '../../../kernel/count.ts';
import { RefreshRefused, TokenRefused } from '../../../kernel/errors.ts';
import { deriveRootKey, type RootKey } from '../../keys/root-keys.ts';
import type { Session } from '../../model.ts';

/** The claims of a verified refresh token. */
export interface RefreshClaims {
  readonly userId: string;
  readonly sessionId: string;
  readonly generation: number;
}

interface RefreshKey {
  readonly key: SigningKey;
  readonly sign: ReturnType<typeof createSigner>;
}

/** Turns sessions into refresh tokens and back. */
export interface RefreshTokenCodec {
  /** Computes the token of a session. The same session gives the same token, byte for byte. */
  encode(session: Session): string;
  /**
   * Verifies that the token is ours, unaltered and unexpired. The session may have ended.
   * @throws {RefreshRefused}
   */
  parse(token: string): RefreshClaims;
  /** Whether the token is ours and unaltered. It may have expired. */
  owns(token: string): boolean;
}

/**
 * Refresh tokens are JWTs of their own type, `rt+jwt`, signed by HS256 under a key derived from a root key. No other key
 * verifies a refresh token, and no access token is accepted as one.
 */
export function createRefreshTokenCodec(options: {
  /** The current root keys for tokens, the newest first. */
  roots: () => readonly RootKey[];
  issuer: string;
  clock: Clock;
}): RefreshTokenCodec {
  const { issuer, clock } = options;
  const made = new Map<string, RefreshKey>();
  const keyOf = (root: RootKey): RefreshKey => {
    const known = made.get(root.id);
    if (known !== undefined) return known;
    const key = importSigningKey(deriveRootKey(root, 'refresh tokens v1'), 'HS256');
    const refreshKey = { key, sign: createSigner(key, REFRESH_TOKEN_TYP) };
    made.set(root.id, refreshKey);
    return refreshKey;
  };
  const createVerify = (roots: readonly RootKey[]) =>
    createJwtVerifier({
      keys: roots.map((root) => toVerificationKey(keyOf(root).key)),
      typ: REFRESH_TOKEN_TYP,
      issuer,
      audience: issuer,
      clock,
    });

  /** The newest root key that every node has had the time to read. */
  function findSigningRoot(): RootKey {
    const now = clock.now();
    const roots = options.roots();
    const root = roots.find(({ activeAt }) => activeAt <= now) ?? roots[0];
    if (root === undefined) throw new Error('There is no root key.');
    return root;
  }

  let accepted = '';
  let verifyAccepted = createVerify([]);
  function verify(token: string) {
    const now = clock.now();
    const roots = options.roots().filter(({ endsAt }) => endsAt === null || endsAt > now);
    const ids = roots.map(({ id }) => id).join();
    if (ids !== accepted) {
      verifyAccepted = createVerify(roots);
      accepted = ids;
    }
    return verifyAccepted(token);
  }

  return {
    encode: (session) =>
      keyOf(findSigningRoot()).sign({
        iss: issuer,
        aud: issuer,
        sub: session.userId,
        sid: session.id,
        gen: session.generation,
        iat: Math.floor(session.rotatedAt / 1000),
        exp: Math.floor(session.expiresAt / 1000),
      }),

    owns(token) {
      try {
        verifyOrRefuse(verify, token);
        return true;
      } catch (error) {
        if (error instanceof RefreshRefused) return error.code === 'refresh_token_expired';
        throw error;
      }
    },

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
