import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerTransport } from '../../http/answers.ts';
import { assertNotForm } from '../../http/body.ts';
import { toCaller, toSignInCaller } from '../../http/caller.ts';
import { clearOwnCookies } from '../../http/credentials/clear-own-cookies.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { answerSignIn, limitsOf, parseTransport } from '../../http/token-response.ts';
import { toOwnEventView } from './event-view.ts';
import {
  deleteMeSchema,
  eventsSchema,
  meSchema,
  passwordSchema,
  reauthenticateSchema,
  sessionSchema,
  sessionsSchema,
  updateMeSchema,
} from './schema.ts';
import { toSessionView } from './session-view.ts';

/** What signed-in users can see and change of their own account. */
export const account = defineFeature({
  routes: {
    me: 'GET /auth/me',
    updateMe: 'PATCH /auth/me',
    deleteMe: 'DELETE /auth/me',
    password: 'POST /auth/password',
    reauthenticate: 'POST /auth/reauthenticate',
    sessions: 'GET /auth/sessions',
    session: 'DELETE /auth/sessions/:id',
    events: 'GET /auth/me/events',
  },
  mount(_app, context, addRoute) {
    const { auth } = context.latchkey;
    const onRequest = context.requireUser();

    addRoute('me', {
      answer: 'me',
      schema: meSchema,
      onRequest,
      handler: async (request) => context.answers.me(await auth.findMe(context.getUser(request))),
    });

    addRoute('updateMe', {
      answer: 'me',
      schema: updateMeSchema,
      onRequest,
      handler: async (request) => {
        assertNotForm(request);
        const user = await auth.updateMeRaw(
          context.getUser(request),
          request.body,
          toCaller(request),
        );
        return context.answers.me(user);
      },
    });

    addRoute('deleteMe', {
      schema: deleteMeSchema,
      onRequest,
      handler: async (request, reply) => {
        await auth.deleteMe(context.getUser(request), toCaller(request), context.adminRole);
        if (findTransport(context, request) === 'cookie') clearOwnCookies(context, reply);
        return reply.code(204).send();
      },
    });

    addRoute('password', {
      // A changed password is answered as a refresh is.
      answer: 'refresh',
      schema: passwordSchema,
      // After the body was read: a challenge comes without a token, or with one that was revoked.
      preHandler(request, reply, done) {
        if (hasChallenge(request)) done();
        else onRequest(request, reply, done);
      },
      handler: async (request, reply) => {
        assertNotForm(request);
        if (hasChallenge(request)) return changeRequiredPassword(context, request, reply);
        return answerNewTokens(context, request, reply, 'changePasswordRaw');
      },
    });

    addRoute('reauthenticate', {
      answer: 'refresh',
      schema: reauthenticateSchema,
      onRequest,
      handler: async (request, reply) => {
        assertNotForm(request);
        return answerNewTokens(context, request, reply, 'reauthenticateRaw');
      },
    });

    addRoute('sessions', {
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

    addRoute('session', {
      schema: sessionSchema,
      onRequest,
      handler: async (request, reply) => {
        const { id } = request.params as { id: string };
        await auth.endSession(context.getUser(request), id, toCaller(request));
        return reply.code(204).send();
      },
    });

    addRoute('events', {
      schema: eventsSchema,
      onRequest,
      handler: async (request) => {
        const { events, nextCursor } = await auth.listEventsRaw(
          context.getUser(request),
          request.query,
        );
        return { events: events.map(toOwnEventView), next_cursor: nextCursor };
      },
    });
  },
});

/** Calls a method that issues new tokens for the session of the request, and answers as a refresh does. */
async function answerNewTokens(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  method: 'changePasswordRaw' | 'reauthenticateRaw',
): Promise<object> {
  const transport = findTransport(context, request);
  const tokens = await context.latchkey.auth[method](
    context.getUser(request),
    request.body,
    toSignInCaller(context, request),
    limitsOf(context, transport),
  );
  return answerSignIn(context, reply, tokens, { route: 'refresh', transport });
}

/** Tokens go back the way the credential came, as in a refresh. */
function findTransport({ credentials }: RouteContext, { raw }: FastifyRequest): AnswerTransport {
  return credentials.require(raw).transport === 'cookie' ? 'cookie' : 'body';
}

/** Completes a sign-in that required a new password, and answers as the sign-in would have. */
async function changeRequiredPassword(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const transport = parseTransport(context, request);
  const tokens = await context.latchkey.auth.changeRequiredPasswordRaw(
    request.body,
    toSignInCaller(context, request),
    limitsOf(context, transport),
  );
  return answerSignIn(context, reply, tokens, { route: 'login', transport });
}

function hasChallenge({ body }: FastifyRequest): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, 'challenge');
}
