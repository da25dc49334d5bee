import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RefreshRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { toCaller } from '../../http/caller.ts';
import { sendOAuthError } from '../../http/errors/oauth-error.ts';
import { addRoute, type RouteContext } from '../../route-context.ts';
import { revokeSchema } from './schemas.ts';
import { findAccessToken, isRefreshHinted, readTokenForm } from './token-form.ts';

/**
 * Takes a token back: an access token alone, a refresh token with the session it keeps alive. Who holds a
 * token may end it, so the caller need not be known. A token that is worth nothing is done with already.
 * @see RFC 7009
 */
export function addRevokeRoute(app: FastifyInstance, context: RouteContext): void {
  addRoute(app, context, 'revoke', {
    schema: revokeSchema,
    errorHandler: (error: unknown, request, reply) => sendOAuthError(request, reply, error),
    handler: async (request, reply) => {
      const form = readTokenForm(request);
      const ways = [revokeAccessToken, revokeRefreshToken];
      // No token is of both kinds, so the hint decides nothing but what is tried first.
      if (isRefreshHinted(form)) ways.reverse();
      for (const revoke of ways) {
        if (await revoke(context.latchkey, form.token, request)) break;
      }
      return reply.code(200).send();
    },
  });
}

/** These answer whether it was a token of their kind. */
async function revokeAccessToken(
  latchkey: Latchkey,
  token: string,
  request: FastifyRequest,
): Promise<boolean> {
  const claims = findAccessToken(latchkey, token);
  if (claims !== undefined) await latchkey.auth.revokeToken(claims, toCaller(request));
  return claims !== undefined;
}

async function revokeRefreshToken(
  { auth }: Latchkey,
  token: string,
  request: FastifyRequest,
): Promise<boolean> {
  try {
    await auth.logoutByRefreshToken(token, toCaller(request));
    return true;
  } catch (error) {
    if (error instanceof RefreshRefused) return false;
    throw error;
  }
}
