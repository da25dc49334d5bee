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
 * Any living token of the session ends it: the access token, or the refresh token where the access
 * token has expired, so that nobody must refresh in order to leave.
 */
async function endOwnSession(context: RouteContext, request: FastifyRequest, reply: FastifyReply) {
  const refresh = findRefreshCredential(context, request);
  if (refresh?.transport === 'body') {
    // To end one session of two and say nothing of the other would leave somebody signed in.
    if (context.credentials.findBeside(request.raw) !== undefined) throw tokenBesideBody();
    await context.latchkey.auth.logoutByRefreshToken(refresh.token, toCaller(request));
    return answerSignOut(context, reply, 'logout');
  }
  const access = context.credentials.find(request.raw);
  if (access === undefined && refresh === undefined) context.credentials.require(request.raw);
  // First: the next person at this browser must not be signed in, even where the session cannot be ended now.
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
  // A refresh token comes by cookie here. Both cookies are looked at, as they may be of two sessions: a
  // sibling domain can replace one of them. A cookie that is worth nothing is no reason not to sign out.
  if (refresh !== undefined) {
    try {
      await latchkey.auth.logoutByRefreshToken(refresh.token, toCaller(request));
    } catch (error) {
      if (!(error instanceof RefreshRefused)) throw error;
    }
  }
  if (access === undefined) return;
  try {
    // If it is of the session that just ended, it is refused by now.
    await latchkey.auth.logout(latchkey.verify(access.token), toCaller(request));
  } catch (error) {
    const dead = error instanceof TokenRefused && access.transport === 'cookie';
    if (!dead) throw error;
  }
}

function answerSignOut({ answers }: RouteContext, reply: FastifyReply, route: SignOutRoute) {
  const body = answers.signOut(route);
  return body === undefined ? reply.code(204).send() : reply.code(200).send(body);
}

function clearCookies(context: RouteContext, request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers.cookie !== undefined) clearOwnCookies(context, reply);
}
