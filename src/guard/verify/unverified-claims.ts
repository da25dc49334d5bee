import { MAX_TOKEN_LENGTH } from '../../jwt/limits.ts';

/** What a token claims, before anything is verified. */
interface UnverifiedClaims {
  readonly iss?: unknown;
  readonly aud?: unknown;
}

/**
 * Reads `iss` and `aud` of a token without verifying it, to choose who verifies it or to explain a refusal. They prove
 * nothing: anyone can write a token.
 * @returns an empty object for what is not a token
 */
export function readUnverifiedClaims(token: unknown): UnverifiedClaims {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return {};
  const payload = token.split('.', 2)[1] ?? '';
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return (claims as UnverifiedClaims | null) ?? {};
  } catch {
    return {};
  }
}
