import { BY_CLIENT, oauthRefusals, TokenForm } from '../../http/schema/common.ts';
import {
  boolean,
  either,
  integer,
  list,
  literal,
  named,
  object,
  oneOf,
  optional,
  string,
} from '../../http/schema/json-schema.ts';

const Introspection = named(
  'Introspection',
  object(
    {
      active: boolean(),
      token_use: optional(oneOf(['access_token', 'refresh_token'])),
      token_type: optional(literal('Bearer')),
      iss: optional(string()),
      sub: optional(string()),
      aud: optional(either([string(), list(string())])),
      client_id: optional(string()),
      exp: optional(integer()),
      iat: optional(integer()),
      jti: optional(string()),
      sid: optional(string()),
      auth_time: optional(integer()),
      amr: optional(list(string(), { description: 'How the user authenticated (RFC 8176).' })),
      username: optional(string()),
      roles: optional(list(string())),
      scope: optional(string()),
    },
    { additionalProperties: true, description: 'Whether it is accepted, and its claims.' },
  ),
);

export const introspectSchema = {
  summary: 'Is this token accepted?',
  description:
    'For clients, such as guards (RFC 7662): whether an access or refresh token is accepted now, and its claims. For any other text the answer is `active: false` and nothing else. An API must take `token_use: access_token` only.',
  tags: ['For other programs'],
  security: BY_CLIENT,
  consumes: ['application/x-www-form-urlencoded'],
  body: TokenForm,
  response: {
    200: Introspection,
    ...oauthRefusals(400, 401, 413),
  },
};
