import { BY_CLIENT, OAuthError, refusals, SIGNED_IN } from '../../http/schemas/common-schemas.ts';
import {
  boolean,
  either,
  integer,
  list,
  literal,
  named,
  nothing,
  object,
  oneOf,
  optional,
  string,
} from '../../http/schemas/json-schema.ts';

export const verifySchema = {
  summary: 'Forward authentication',
  description:
    'For proxies: 200 with `X-Auth-User`, `X-Auth-Session`, `X-Auth-Username`, `X-Auth-Roles` and `X-Auth-Scope`, empty where there is none, or 401.',
  tags: ['For other programs'],
  security: SIGNED_IN,
  response: { 200: nothing({ description: 'Signed in.' }), ...refusals(400, 401, 403) },
};

const TokenForm = named(
  'TokenForm',
  object({
    token: string(),
    token_type_hint: optional(
      oneOf(['access_token', 'refresh_token'], { description: 'What to look for first.' }),
    ),
  }),
);

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
    { additionalProperties: true, description: 'What there is to say of it.' },
  ),
);

const KeySet = named('KeySet', object({ keys: list(object({}, { additionalProperties: true })) }));

const Metadata = named(
  'Metadata',
  object({}, { additionalProperties: true, description: 'The metadata.' }),
);

const Status = named('Status', object({ status: literal('ok') }, { description: 'Yes.' }));

export const introspectSchema = {
  summary: 'Is this token accepted?',
  description:
    'For clients, such as guards (RFC 7662): whether an access or refresh token is accepted now, and what it says. Of any other text it says `active: false` and nothing else. An API must take `token_use: access_token` only.',
  tags: ['For other programs'],
  security: BY_CLIENT,
  consumes: ['application/x-www-form-urlencoded'],
  body: TokenForm,
  response: {
    200: Introspection,
    400: OAuthError,
    401: OAuthError,
    413: OAuthError,
    503: OAuthError,
  },
};

export const revokeSchema = {
  summary: 'Revoke a token',
  description:
    'Takes an access token back, or a refresh token and with it its session (RFC 7009). Who holds it may do so. Any other text is answered the same.',
  tags: ['For other programs'],
  consumes: ['application/x-www-form-urlencoded'],
  body: TokenForm,
  response: {
    200: nothing({ description: 'It is worth nothing now.' }),
    400: OAuthError,
    413: OAuthError,
    503: OAuthError,
  },
};

export const revocationsSchema = {
  summary: 'The feed of revocations',
  description:
    'For clients, such as guards: server-sent events, first what is revoked now and then every revocation as it happens. `Last-Event-ID` goes on where another connection ended.',
  tags: ['For other programs'],
  security: BY_CLIENT,
  headers: object({ 'last-event-id': optional(string()) }),
  response: {
    200: {
      description: 'The stream: events `snapshot` or `resumed`, `revoked`, `live`.',
      content: { 'text/event-stream': { schema: string() } },
    },
    ...refusals(400, 401),
  },
};

export const jwksSchema = {
  summary: 'Public keys',
  tags: ['For other programs'],
  description: 'With these, any program verifies access tokens by itself (RFC 7517).',
  response: {
    200: {
      description: 'The keys.',
      content: {
        'application/jwk-set+json': {
          schema: KeySet,
        },
      },
    },
  },
};

export const metadataSchema = {
  summary: 'Authorization server metadata',
  tags: ['For other programs'],
  description: 'Where what is, for clients that configure themselves (RFC 8414).',
  response: {
    200: Metadata,
  },
};

export const healthSchema = {
  operationId: 'health',
  summary: 'Is the process up?',
  tags: ['Operations'],
  response: { 200: Status },
};

export const readySchema = {
  operationId: 'ready',
  summary: 'Can it serve?',
  tags: ['Operations'],
  response: {
    200: Status,
    ...refusals(),
  },
};
