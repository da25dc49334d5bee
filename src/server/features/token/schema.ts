import { oauthRefusals, Tokens } from '../../http/schema/common.ts';
import { named, object, oneOf, optional, string } from '../../http/schema/json-schema.ts';

export const tokenSchema = {
  summary: 'OAuth 2.0 token endpoint',
  description:
    'The password and the refresh token grant, for clients that speak OAuth 2.0. A client of this server authenticates by Basic or in the form, and is the `client_id` of the tokens; other client ids are ignored.',
  tags: ['Sign in'],
  consumes: ['application/x-www-form-urlencoded'],
  body: named(
    'TokenRequest',
    object({
      grant_type: oneOf(['password', 'refresh_token']),
      username: optional(string()),
      password: optional(string({ format: 'password' })),
      scope: optional(string()),
      refresh_token: optional(string()),
      client_id: optional(string()),
      client_secret: optional(string({ format: 'password' })),
    }),
  ),
  response: {
    200: Tokens,
    ...oauthRefusals(400, 401, 413, 429),
  },
};
