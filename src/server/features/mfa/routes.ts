import { assertNotForm } from '../../http/body.ts';
import { toCaller, toSignInCaller } from '../../http/caller.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import {
  answerSignIn,
  limitsOf,
  parseTransport,
  requireTokens,
} from '../../http/token-response.ts';
import { toFactorView } from './factor-view.ts';
import {
  addTotpSchema,
  completeSignInSchema,
  confirmTotpSchema,
  factorsSchema,
  recoveryCodesSchema,
  removeTotpSchema,
} from './schema.ts';

/** Second factors: the second step of a sign-in, and what users set up for it. */
export const mfa = defineFeature({
  routes: {
    completeSignIn: 'POST /auth/mfa',
    factors: 'GET /auth/mfa',
    addTotp: 'POST /auth/mfa/totp',
    confirmTotp: 'POST /auth/mfa/totp/:id',
    removeTotp: 'DELETE /auth/mfa/totp/:id',
    recoveryCodes: 'POST /auth/mfa/recovery-codes',
  },
  mount(_app, context, addRoute) {
    const { auth } = context.latchkey;
    const onRequest = context.requireUser();

    addRoute('completeSignIn', {
      answer: 'login',
      schema: completeSignInSchema,
      handler: async (request, reply) => {
        assertNotForm(request);
        const transport = parseTransport(context, request);
        const result = await auth.completeSignInRaw(
          request.body,
          toSignInCaller(context, request),
          limitsOf(context, transport),
        );
        return answerSignIn(context, reply, requireTokens(result), { route: 'login', transport });
      },
    });

    addRoute('factors', {
      schema: factorsSchema,
      onRequest,
      handler: async (request) => {
        const { factors, recoveryCodesLeft } = await auth.factors.list(context.getUser(request));
        return { factors: factors.map(toFactorView), recovery_codes_left: recoveryCodesLeft };
      },
    });

    addRoute('addTotp', {
      schema: addTotpSchema,
      onRequest,
      handler: (request) => {
        assertNotForm(request);
        return auth.factors.addTotp(context.getUser(request), request.body);
      },
    });

    addRoute('confirmTotp', {
      schema: confirmTotpSchema,
      onRequest,
      handler: async (request) => {
        assertNotForm(request);
        const { id } = request.params as { id: string };
        const principal = context.getUser(request);
        const caller = toCaller(request);
        const confirmed = await auth.factors.confirmTotp(principal, id, request.body, caller);
        const { factor, recoveryCodes } = confirmed;
        return {
          ...toFactorView(factor),
          ...(recoveryCodes === undefined ? {} : { recovery_codes: recoveryCodes }),
        };
      },
    });

    addRoute('removeTotp', {
      schema: removeTotpSchema,
      onRequest,
      handler: async (request, reply) => {
        const { id } = request.params as { id: string };
        await auth.factors.remove(context.getUser(request), id, toCaller(request));
        return reply.code(204).send();
      },
    });

    addRoute('recoveryCodes', {
      schema: recoveryCodesSchema,
      onRequest,
      handler: async (request) => {
        const principal = context.getUser(request);
        const codes = await auth.factors.replaceRecoveryCodes(principal, toCaller(request));
        return { recovery_codes: codes };
      },
    });
  },
});
