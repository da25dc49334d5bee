import { assertNotForm } from '../../http/body.ts';
import { toCaller } from '../../http/caller.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { addResetPages } from './pages.ts';
import { forgotSchema, resetSchema } from './schema.ts';

/** Replaces a forgotten password by mail. */
export const passwordReset = defineFeature({
  routes: {
    forgot: 'POST /auth/password/forgot',
    reset: 'POST /auth/password/reset',
  },
  mount(app, context, addRoute) {
    const { auth } = context.latchkey;

    addRoute('forgot', {
      schema: forgotSchema,
      handler: async (request, reply) => {
        assertNotForm(request);
        const flow = await auth.loadPasswordReset();
        const { 'accept-language': language } = request.headers;
        const answer = await flow.requestRaw(request.body, toCaller(request), language);
        return reply.code(202).send(answer);
      },
    });

    addRoute('reset', {
      schema: resetSchema,
      handler: async (request, reply) => {
        assertNotForm(request);
        const flow = await auth.loadPasswordReset();
        await flow.resetRaw(request.body, toCaller(request));
        return reply.code(204).send();
      },
    });

    if (context.hasPages) addResetPages(app, context);
  },
});
