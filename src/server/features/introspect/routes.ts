import type { FastifyRequest } from 'fastify';
import type { LiveRefreshToken } from '../../../auth/oauth/find-refresh-token.ts';
import type { VerifiedToken } from '../../../guard/verify/access-claims.ts';
import { CredentialsRefused, TokenRefused } from '../../../kernel/errors.ts';
import type { Latchkey } from '../../../system/latchkey.ts';
import { requireClient } from '../../http/credentials/client-credential.ts';
import {
  findAccessToken,
  isRefreshHinted,
  readTokenForm,
  type TokenForm,
} from '../../http/credentials/token-form.ts';
import { ClientRefused, sendOAuthError } from '../../http/errors/oauth-error.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { introspectSchema } from './schema.ts';

/**
 * Tells a client whether a token is accepted now, and its claims. About any other text it says only that it is
 * not: neither what it was nor why.
 * @see RFC 7662
 */
export const introspect = defineFeature({
  routes: { introspect: 'POST /auth/introspect' },
  metadata(toUrl) {
    const url = toUrl('introspect');
    return url === undefined
      ? {}
      : {
          introspection_endpoint: url,
          introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
        };
  },
  mount(_app, { latchkey }, addRoute) {
    addRoute('introspect', {
      schema: introspectSchema,
      errorHandler: (error: unknown, request, reply) => sendOAuthError(request, reply, error),
      handler: async (request, reply) => {
        await requireOAuthClient(latchkey, request);
        const answer = (await findToken(latchkey, readTokenForm(request))) ?? { active: false };
        return reply.header('pragma', 'no-cache').send(answer);
      },
    });
  },
});

async function requireOAuthClient(latchkey: Latchkey, request: FastifyRequest): Promise<void> {
  try {
    await requireClient(latchkey, request);
  } catch (error) {
    const isRefused = error instanceof CredentialsRefused || error instanceof TokenRefused;
    throw isRefused ? new ClientRefused(request.headers.authorization, error.message) : error;
  }
}

/** A token is of one kind only, so the hint decides only which kind is tried first. */
async function findToken(
  latchkey: Latchkey,
  form: TokenForm,
): Promise<Record<string, unknown> | undefined> {
  const ways = [findAccess, findRefresh];
  if (isRefreshHinted(form)) ways.reverse();
  for (const find of ways) {
    const found = await find(latchkey, form.token);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findAccess(latchkey: Latchkey, token: string) {
  const claims = findAccessToken(latchkey, token);
  return claims && toAccessAnswer(claims);
}

async function findRefresh(latchkey: Latchkey, token: string) {
  const found = await latchkey.auth.findRefreshToken(token);
  return found && toRefreshAnswer(latchkey, found);
}

function toAccessAnswer(claims: VerifiedToken): Record<string, unknown> {
  // Last, so that a claim of the host with one of these names does not replace it.
  return { ...claims, active: true, token_type: 'Bearer', token_use: 'access_token' };
}

/** Without `token_type`, and with a use of its own: no API must take it for an access token. */
function toRefreshAnswer(
  { settings }: Latchkey,
  { session, clientId }: LiveRefreshToken,
): Record<string, unknown> {
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return {
    active: true,
    token_use: 'refresh_token',
    iss: settings.issuer,
    aud: settings.issuer,
    sub: session.userId,
    client_id: clientId,
    sid: session.id,
    iat: seconds(session.rotatedAt),
    exp: seconds(session.expiresAt),
    auth_time: seconds(session.authTime),
    amr: session.amr,
    ...(session.scope === null ? {} : { scope: session.scope }),
  };
}
