import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccessCredential } from '../../../guard/request/credentials.ts';
import { RefreshRefused, TokenRefused } from '../../../kernel/errors.ts';
import type { SignOutRoute } from '../../http/answers.ts';
import { toCaller } from '../../http/caller.ts';
import { clearOwnCookies } from '../../http/credentials/clear-own-cookies.ts';
import {
  findRefreshCredential,
  type RefreshCredential,
  tokenBesideBody,
} from '../../http/credentials/refresh-credential.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { logoutAllSchema, logoutSchema } from './schema.ts';

/** Ends one session, or all sessions of the user. */
export const logout = defineFeature({
  routes: { logout: 'POST /auth/logout', logoutAll: 'POST /auth/logout/all' },
  mount(_app, context, addRoute) {
    addRoute('logout', {
      answer: 'logout',
      schema: logoutSchema,
      handler: (request, reply) => endOwnSession(context, request, reply),
    });

    addRoute('logoutAll', {
      answer: 'logoutAll',
      schema: logoutAllSchema,
      onRequest: context.requireUser(),
      handler: async (request, reply) => {
        await context.latchkey.auth.logoutAll(context.getUser(request), toCaller(request));
        clearCookies(context, request, reply);
        return answerSignOut(context, reply, 'logoutAll');
      },
    });
  },
});

/**
 * Any valid token of the session ends it: the access token, or the refresh token if the access token has expired. So
 * a user need not refresh in order to sign out.
 */
async function endOwnSession(context: RouteContext, request: FastifyRequest, reply: FastifyReply) {
  const refresh = findRefreshCredential(context, request);
  if (refresh?.transport === 'body') {
    // Ending only one of two sessions would leave a user signed in who wanted to sign out.
    if (context.credentials.findBeside(request.raw) !== undefined) throw tokenBesideBody();
    await context.latchkey.auth.logoutByRefreshToken(refresh.token, toCaller(request));
    return answerSignOut(context, reply, 'logout');
  }
  const access = context.credentials.find(request.raw);
  if (access === undefined && refresh === undefined) context.credentials.require(request.raw);
  // First, so that the next person at this browser is not signed in even if the session cannot be ended now.
  clearCookies(context, request, reply);
  await endSession(context, request, access, refresh);
  return answerSignOut(context, reply, 'logout');
}

async function endSession(
  { latchkey }: RouteContext,
  request: FastifyRequest,
  access: AccessCredential | undefined,
  refresh: RefreshCredential | undefined,
): Promise<void> {
  // The refresh token came by cookie here. The two cookies may be of two sessions, because a sibling domain can
  // replace one of them, so both sessions end. An invalid cookie does not prevent the sign-out.
  if (refresh !== undefined) {
    try {
      await latchkey.auth.logoutByRefreshToken(refresh.token, toCaller(request));
    } catch (error) {
      if (!(error instanceof RefreshRefused)) throw error;
    }
  }
  if (access === undefined) return;
  try {
    // A token of the session that just ended is already refused.
    await latchkey.auth.logout(latchkey.verify(access.token), toCaller(request));
  } catch (error) {
    const isInvalidCookie = error instanceof TokenRefused && access.transport === 'cookie';
    if (!isInvalidCookie) throw error;
  }
}

function answerSignOut({ answers }: RouteContext, reply: FastifyReply, route: SignOutRoute) {
  const body = answers.signOut(route);
  return body === undefined ? reply.code(204).send() : reply.code(200).send(body);
}

function clearCookies(context: RouteContext, request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers.cookie !== undefined) clearOwnCookies(context, reply);
}
