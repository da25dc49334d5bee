import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RefreshRefused } from '../../errors.ts';
import { toCaller } from '../caller.ts';
import { findRefreshCredential } from '../refresh-credential.ts';
import { addRoute, type RouteContext } from '../route-context.ts';
import { refreshSchema } from '../schemas/sign-in.ts';
import { answerSignIn } from '../sign-in-answer.ts';

export function addRefreshRoute(app: FastifyInstance, context: RouteContext): void {
  addRoute(app, context, 'refresh', {
    schema: refreshSchema,
    handler: (request, reply) => refresh(context, request, reply),
  });
}

async function refresh(context: RouteContext, request: FastifyRequest, reply: FastifyReply) {
  const credential = findRefreshCredential(context, request);
  if (credential === undefined) {
    throw new RefreshRefused(
      'refresh_token_missing',
      'No refresh token came with this request. Send {"refresh_token": "…"}, or sign in again.',
    );
  }
  const { token, transport } = credential;
  try {
    const signIn = await context.latchkey.auth.refresh(token, toCaller(request));
    return answerSignIn(context, reply, signIn, { transport });
  } catch (error) {
    // A browser that keeps cookies which buy nothing would send them for ever.
    if (transport === 'cookie' && error instanceof RefreshRefused) context.cookies.clear(reply);
    throw error;
  }
}
