import type { FastifyRequest } from 'fastify';
import { isForm } from '../../http/body.ts';
import { toSignInCaller } from '../../http/caller.ts';
import { RequestRefused } from '../../http/errors/request-refused.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import {
  answerSignIn,
  limitsOf,
  parseTransport,
  requireTokens,
} from '../../http/token-response.ts';
import { loginSchema } from './schema.ts';

/** Signs in with a password. */
export const login = defineFeature({
  routes: { login: 'POST /auth/login' },
  mount(_app, context, addRoute) {
    const { auth } = context.latchkey;
    addRoute('login', {
      answer: 'login',
      schema: loginSchema,
      handler: async (request, reply) => {
        const transport = parseTransport(context, request);
        const result = await auth.loginRaw(
          readLogin(request),
          toSignInCaller(context, request),
          limitsOf(context, transport),
        );
        return answerSignIn(context, reply, requireTokens(result), { route: 'login', transport });
      },
    });
  },
});

/** Login forms of OAuth clients also send the fields of their protocol, which mean nothing here. */
function readLogin(request: FastifyRequest): unknown {
  if (!isForm(request) || request.body === undefined) return request.body;
  const { grant_type, client_id, client_secret, ...login } = request.body as Record<string, string>;
  if (grant_type !== undefined && grant_type !== '' && grant_type !== 'password') {
    throw new RequestRefused(400, 'invalid_input', '"grant_type" must be "password" here.');
  }
  return login;
}
