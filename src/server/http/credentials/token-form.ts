import type { FastifyRequest } from 'fastify';
import type { VerifiedToken } from '../../../guard/verify/access-claims.ts';
import { TokenRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { isForm } from '../body.ts';
import { OAuthRefused, SEND_A_FORM } from '../errors/oauth-error.ts';

/** The token that introspection and revocation are about. */
export interface TokenForm {
  readonly token: string;
  /** `token_type_hint` as it came, not checked. */
  readonly hint: string | undefined;
}

/**
 * Unknown parameters are ignored, as the standards require.
 * @throws {OAuthRefused}
 * @see RFC 7662 section 2.1, RFC 7009 section 2.1
 */
export function readTokenForm(request: FastifyRequest): TokenForm {
  if (!isForm(request) || request.body === undefined) {
    throw new OAuthRefused('invalid_request', SEND_A_FORM);
  }
  const { token, token_type_hint: hint } = request.body as Readonly<Record<string, string>>;
  if (!token) throw new OAuthRefused('invalid_request', '"token" is missing.');
  return { token, hint };
}

export function isRefreshHinted({ hint }: TokenForm): boolean {
  return hint === 'refresh_token';
}

/** The claims of an access token that is accepted now. */
export function findAccessToken(latchkey: Latchkey, token: string): VerifiedToken | undefined {
  try {
    return latchkey.verify(token);
  } catch (error) {
    if (error instanceof TokenRefused) return undefined;
    throw error;
  }
}
