import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { assertNotForm } from '../../http/body.ts';
import { toCaller } from '../../http/caller.ts';
import { answerSignIn, limitsOf, parseTransport } from '../../http/token-response.ts';
import { toSessionView } from '../../http/views.ts';
import { addRoute, type RouteContext } from '../../route-context.ts';
import { meSchema, passwordSchema, sessionSchema, sessionsSchema } from './schemas.ts';

/** The last step of a sign-in that needs a new password is answered as the sign-in would have been. */
async function changeRequiredPassword(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const transport = parseTransport(context, request);
  const tokens = await context.latchkey.auth.changeRequiredPasswordRaw(
    request.body,
    toCaller(request),
    limitsOf(context, transport),
  );
  return answerSignIn(context, reply, tokens, { route: 'login', transport });
}

function hasChallenge({ body }: FastifyRequest): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'challenge');
}

/** What a signed-in person can see and do of their own. */
export function addAccountRoutes(app: FastifyInstance, context: RouteContext): void {
  const { auth } = context.latchkey;
  const onRequest = context.requireUser();

  addRoute(app, context, 'me', {
    schema: meSchema,
    onRequest,
    handler: async (request) => context.answers.me(await auth.findMe(context.getUser(request))),
  });

  addRoute(app, context, 'password', {
    schema: passwordSchema,
    // After the body was read: a challenge is presented without a token, or beside one that was revoked.
    preHandler(request, reply, done) {
      if (hasChallenge(request)) done();
      else onRequest(request, reply, done);
    },
    handler: async (request, reply) => {
      assertNotForm(request);
      if (hasChallenge(request)) return changeRequiredPassword(context, request, reply);
      // Answered the way the credential came, as a refresh is.
      const credential = context.credentials.require(request.raw);
      const transport = credential.transport === 'cookie' ? 'cookie' : 'body';
      const signIn = await auth.changePasswordRaw(
        context.getUser(request),
        request.body,
        toCaller(request),
        limitsOf(context, transport),
      );
      return answerSignIn(context, reply, signIn, { route: 'refresh', transport });
    },
  });

  addRoute(app, context, 'sessions', {
    schema: sessionsSchema,
    onRequest,
    handler: async (request) => {
      const { sessions, nextCursor } = await auth.listSessionsRaw(
        context.getUser(request),
        request.query,
      );
      return {
        sessions: sessions.map((session) => toSessionView(session, context.getUser(request).sid)),
        next_cursor: nextCursor,
      };
    },
  });

  addRoute(app, context, 'session', {
    schema: sessionSchema,
    onRequest,
    handler: async (request, reply) => {
      const { id } = request.params as { id: string };
      await auth.endSession(context.getUser(request), id, toCaller(request));
      return reply.code(204).send();
    },
  });
}
