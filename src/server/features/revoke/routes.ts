import type { FastifyRequest } from 'fastify';
import { RefreshRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { toCaller } from '../../http/caller.ts';
import {
  findAccessToken,
  isRefreshHinted,
  readTokenForm,
} from '../../http/credentials/token-form.ts';
import { sendOAuthError } from '../../http/errors/oauth-error.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { revokeSchema } from './schema.ts';

/**
 * Revokes an access token alone, or a refresh token with its session. Holding a token is enough to revoke it, so the
 * caller does not authenticate. A token that is not accepted needs no revocation, and the answer is the same.
 * @see RFC 7009
 */
export const revoke = defineFeature({
  routes: { revoke: 'POST /auth/revoke' },
  metadata(toUrl) {
    const url = toUrl('revoke');
    return url === undefined
      ? {}
      : { revocation_endpoint: url, revocation_endpoint_auth_methods_supported: ['none'] };
  },
  mount(_app, context, addRoute) {
    addRoute('revoke', {
      schema: revokeSchema,
      errorHandler: (error: unknown, request, reply) => sendOAuthError(request, reply, error),
      handler: async (request, reply) => {
        const form = readTokenForm(request);
        const ways = [revokeAccessToken, revokeRefreshToken];
        // A token is of one kind only, so the hint decides only which kind is tried first.
        if (isRefreshHinted(form)) ways.reverse();
        for (const tryRevoke of ways) {
          if (await tryRevoke(context.latchkey, form.token, request)) break;
        }
        return reply.code(200).send();
      },
    });
  },
});

/** @returns whether the token was an access token that is accepted */
async function revokeAccessToken(
  latchkey: Latchkey,
  token: string,
  request: FastifyRequest,
): Promise<boolean> {
  const claims = findAccessToken(latchkey, token);
  if (claims !== undefined) await latchkey.auth.revokeToken(claims, toCaller(request));
  return claims !== undefined;
}

/** @returns whether the token was a refresh token of a live session */
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
