import type { FastifyInstance } from 'fastify';
import { assertNotForm } from '../../http/body.ts';
import { toCaller } from '../../http/caller.ts';
import { answerSignIn, limitsOf, parseTransport } from '../../http/token-response.ts';
import { addRoute, type RouteContext } from '../../route-context.ts';
import { createRegisterSchema } from './schemas.ts';

export function addRegisterRoute(app: FastifyInstance, context: RouteContext): void {
  const { auth, settings } = context.latchkey;
  addRoute(app, context, 'register', {
    schema: createRegisterSchema(settings.fields),
    handler: async (request, reply) => {
      assertNotForm(request);
      const transport = parseTransport(context, request);
      const signIn = await auth.registerRaw(
        request.body,
        toCaller(request),
        limitsOf(context, transport),
      );
      reply.code(201);
      return answerSignIn(context, reply, signIn, { route: 'register', transport });
    },
  });
}
