import type { FastifyReply } from 'fastify';
import { TokenRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import type { RouteContext } from '../routes/route-context.ts';

/** Why a token with a valid signature of ours is refused. */
const EXPIRED_OR_REVOKED: readonly string[] = [
  'token_expired',
  'token_not_yet_valid',
  'token_revoked',
  'token_wrong_audience',
];

/** Clears the cookies of this installation. Another one on the same host may use the same names. */
export function clearOwnCookies({ cookies, latchkey }: RouteContext, reply: FastifyReply): void {
  cookies.clearOwn(reply, {
    access: (token) => ownsAccessToken(latchkey, token),
    refresh: (token) => latchkey.auth.ownsRefreshToken(token),
  });
}

function ownsAccessToken(latchkey: Latchkey, token: string): boolean {
  try {
    latchkey.verify(token);
    return true;
  } catch (error) {
    if (error instanceof TokenRefused) return EXPIRED_OR_REVOKED.includes(error.code);
    throw error;
  }
}
