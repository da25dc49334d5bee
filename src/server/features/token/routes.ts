import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IssuedTokens } from '../../../auth/sessions/tokens/issued-tokens.ts';
import { InvalidInput } from '../../../kernel/errors.ts';
import { isForm } from '../../http/body.ts';
import { toSignInCaller } from '../../http/caller.ts';
import { findTokenClient } from '../../http/credentials/client-credential.ts';
import { OAuthRefused, SEND_A_FORM, sendOAuthError } from '../../http/errors/oauth-error.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { requireTokens } from '../../http/token-response.ts';
import { toTokenView } from '../../http/views.ts';
import { tokenSchema } from './schema.ts';

type Form = Readonly<Record<string, string>>;

/**
 * The token endpoint of OAuth 2.0, for clients that speak it. Unlike our other routes it
 * ignores unknown parameters, as the standard requires.
 * @see RFC 6749 sections 3.2, 4.3.2, 5.2 and 6
 */
export const token = defineFeature({
  routes: { token: 'POST /auth/token' },
  metadata: (toUrl) => ({
    token_endpoint: toUrl('token'),
    grant_types_supported: ['password', 'refresh_token'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  }),
  mount(_app, context, addRoute) {
    addRoute('token', {
      schema: tokenSchema,
      errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
        sendOAuthError(request, reply, error),
      handler: async (request, reply) => {
        reply.header('pragma', 'no-cache'); // RFC 6749 section 5.1
        const tokens = await grant(context, request);
        context.cookies.setDevice(reply, tokens);
        return toTokenView(tokens);
      },
    });
  },
});

async function grant(context: RouteContext, request: FastifyRequest): Promise<IssuedTokens> {
  if (!isForm(request) || request.body === undefined) {
    throw new OAuthRefused('invalid_request', SEND_A_FORM);
  }
  const form = request.body as Form;
  const { latchkey } = context;
  const caller = toSignInCaller(context, request);
  switch (form['grant_type']) {
    case undefined:
    case '':
      throw new OAuthRefused('invalid_request', '"grant_type" is missing.');
    case 'password': {
      const { username, password, scope } = form;
      const login = omitAbsent({ username, password, scope });
      const clientId = await findTokenClient(latchkey, request, form);
      return requireTokens(await latchkey.auth.loginRaw(login, caller, undefined, clientId));
    }
    case 'refresh_token': {
      const token = form['refresh_token'];
      if (!token) {
        const problem = '"refresh_token" is missing.';
        throw new InvalidInput([{ field: 'refresh_token', problem }]);
      }
      const clientId = await findTokenClient(latchkey, request, form);
      return latchkey.auth.refresh(token, caller, undefined, clientId);
    }
    default:
      throw new OAuthRefused(
        'unsupported_grant_type',
        '"grant_type" must be "password" or "refresh_token".',
      );
  }
}

function omitAbsent(form: Readonly<Record<string, string | undefined>>): Form {
  const present = Object.entries(form).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(present) as Form;
}
