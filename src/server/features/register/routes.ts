import { assertNotForm } from '../../http/body.ts';
import { toSignInCaller } from '../../http/caller.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { answerSignIn, limitsOf, parseTransport } from '../../http/token-response.ts';
import { createRegisterSchema } from './schema.ts';

/** Creates an account and signs it in. */
export const register = defineFeature({
  routes: { register: 'POST /auth/register' },
  mount(_app, context, addRoute) {
    const { auth, settings } = context.latchkey;
    addRoute('register', {
      answer: 'register',
      schema: createRegisterSchema(settings.fields),
      handler: async (request, reply) => {
        assertNotForm(request);
        const transport = parseTransport(context, request);
        const signIn = await auth.registerRaw(
          request.body,
          toSignInCaller(context, request),
          limitsOf(context, transport),
        );
        reply.code(201);
        return answerSignIn(context, reply, signIn, { route: 'register', transport });
      },
    });
  },
});
