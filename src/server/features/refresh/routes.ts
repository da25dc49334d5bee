import type { FastifyReply, FastifyRequest } from 'fastify';
import { RefreshRefused } from '../../../kernel/errors.ts';
import { toCaller } from '../../http/caller.ts';
import { clearOwnCookies } from '../../http/credentials/clear-own-cookies.ts';
import {
  assertNoOtherSession,
  findRefreshCredential,
} from '../../http/credentials/refresh-credential.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { answerSignIn, limitsOf } from '../../http/token-response.ts';
import { refreshSchema } from './schema.ts';

/** Exchanges a refresh token for new tokens. */
export const refresh = defineFeature({
  routes: { refresh: 'POST /auth/refresh' },
  mount(_app, context, addRoute) {
    addRoute('refresh', {
      answer: 'refresh',
      schema: refreshSchema,
      handler: (request, reply) => answerRefresh(context, request, reply),
    });
  },
});

async function answerRefresh(context: RouteContext, request: FastifyRequest, reply: FastifyReply) {
  const credential = findRefreshCredential(context, request);
  if (credential === undefined) {
    throw new RefreshRefused(
      'refresh_token_missing',
      'This request has no refresh token. Send {"refresh_token": "…"}, or sign in again.',
    );
  }
  const { token, transport } = credential;
  if (transport === 'body') assertNoOtherSession(context, request, token);
  try {
    const signIn = await context.latchkey.auth.refresh(
      token,
      toCaller(request),
      limitsOf(context, transport),
    );
    return answerSignIn(context, reply, signIn, { route: 'refresh', transport });
  } catch (error) {
    // A browser would continue to send invalid cookies. A token that is not ours may belong to another program on
    // this host, whose user must not be signed out.
    if (transport === 'cookie' && error instanceof RefreshRefused && isOurs(error)) {
      clearOwnCookies(context, reply);
    }
    throw error;
  }
}

function isOurs({ code }: RefreshRefused): boolean {
  return code !== 'refresh_token_invalid';
}
