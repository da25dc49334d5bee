import { type TSchema, Type } from 'typebox';
import type { FieldRules } from '../auth/fields.ts';

/**
 * What the API documentation shows. These describe; they do not judge: input is read, strictly, by the
 * domain alone, so that there is one truth about what is accepted.
 */

/** The documentation's security scheme: a bearer token, got by the Authorize button. */
const SIGNED_IN = [{ account: [] as string[] }];

const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'A sentence for a person.' }),
    code: Type.String({ description: 'Stable, for programs.' }),
    errors: Type.Optional(
      Type.Array(Type.Object({ field: Type.String(), detail: Type.String() }), {
        description: 'Which members were refused, and why.',
      }),
    ),
  },
  { description: 'What went wrong (RFC 9457).' },
);

const OAuthError = Type.Object(
  { error: Type.String(), error_description: Type.String() },
  { description: 'What went wrong (RFC 6749 section 5.2).' },
);

const Nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ format: 'date-time' });

const User = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    username: Nullable(Type.String()),
    email: Nullable(Type.String()),
    name: Nullable(Type.String()),
    roles: Type.Array(Type.String()),
    created_at: Time,
  },
  { description: 'The user. Fields of the host stand beside these.' },
);

const tokenProperties = {
  access_token: Type.String(),
  refresh_token: Type.String(),
  token_type: Type.Literal('bearer'),
  expires_in: Type.Integer({ description: 'Seconds the access token lives.' }),
  scope: Type.Optional(Type.String()),
};
const Tokens = Type.Object(tokenProperties, { description: 'Signed in.' });

const ByCookie = Type.Object(
  { user: User, expires_in: Type.Integer() },
  { description: 'Signed in by cookies.' },
);

const TransportQuery = Type.Object({
  transport: Type.Optional(
    Type.Enum(['body', 'cookie'], {
      description: '`cookie`: tokens come as HttpOnly cookies instead of in the body.',
    }),
  ),
});

const refusals = (...statuses: number[]) =>
  Object.fromEntries([...statuses, 503].map((status) => [status, Problem]));

const NoContent = Type.Null({ description: 'Done.' });

const password = Type.String({ minLength: 8, maxLength: 1024, format: 'password' });
const username = Type.String({ maxLength: 64, examples: ['janedoe'] });
const email = Type.String({ format: 'email', examples: ['jane@example.com'] });

export function createRegisterSchema(fields: FieldRules) {
  const own = Object.entries(fields).map(([name, rule]) => {
    const schema = toFieldSchema(rule);
    return [
      name,
      rule.required || rule.type === 'repeat' ? schema : Type.Optional(schema),
    ] as const;
  });
  return {
    summary: 'Register',
    description: 'Makes a user and signs it in. Give a username, an email address, or both.',
    tags: ['Sign in'],
    querystring: TransportQuery,
    body: Type.Object(
      {
        username: Type.Optional(username),
        email: Type.Optional(email),
        password,
        name: Type.Optional(Type.String({ maxLength: 256 })),
        ...Object.fromEntries(own),
      },
      {
        additionalProperties: false,
        examples: [{ username: 'janedoe', email: 'jane@example.com', password: 'correct horse' }],
      },
    ),
    response: {
      201: Type.Union([Type.Object({ user: User, ...tokenProperties }), ByCookie], {
        description: 'Registered and signed in.',
      }),
      ...refusals(400, 409, 413, 415),
    },
  };
}

function toFieldSchema(rule: FieldRules[string]): TSchema {
  if (rule.type === 'repeat') return Type.String({ format: 'password' });
  if (rule.type === 'number') return Type.Number();
  if (rule.type === 'boolean') return Type.Boolean();
  if (rule.type !== 'string') return Type.Unknown();
  return Type.String({ minLength: rule.minLength ?? 1, maxLength: rule.maxLength ?? 256 });
}

export const loginSchema = {
  summary: 'Sign in',
  description:
    'With a username or an email address (either may stand in `username`), as JSON or as a form.',
  tags: ['Sign in'],
  consumes: ['application/json', 'application/x-www-form-urlencoded'],
  querystring: TransportQuery,
  body: Type.Object(
    {
      username: Type.Optional(username),
      email: Type.Optional(email),
      password: Type.String({ maxLength: 1024, format: 'password' }),
      scope: Type.Optional(Type.String({ description: 'Narrows what is granted.' })),
    },
    {
      additionalProperties: false,
      examples: [{ username: 'janedoe', password: 'correct horse' }],
    },
  ),
  response: {
    200: Type.Union([Tokens, ByCookie], { description: 'Signed in.' }),
    ...refusals(400, 401, 403, 413, 415),
  },
};

export const tokenSchema = {
  summary: 'OAuth 2.0 token endpoint',
  description: 'The password and the refresh token grant, for clients that speak OAuth 2.0.',
  tags: ['Sign in'],
  consumes: ['application/x-www-form-urlencoded'],
  body: Type.Object({
    grant_type: Type.Enum(['password', 'refresh_token']),
    username: Type.Optional(Type.String()),
    password: Type.Optional(Type.String({ format: 'password' })),
    scope: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String()),
  }),
  response: { 200: Tokens, 400: OAuthError, 503: OAuthError },
};

export const refreshSchema = {
  summary: 'Refresh',
  description:
    'Exchanges a refresh token, from the body or the cookie, for a fresh access token. Answers the way it was asked.',
  tags: ['Sign in'],
  body: Type.Object(
    { refresh_token: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Union([Tokens, ByCookie], { description: 'Signed in anew.' }),
    ...refusals(400, 401, 403),
  },
};

export const logoutSchema = {
  summary: 'Sign out',
  description:
    'Ends the session: its tokens are refused from now on. Takes the access token, or the refresh token in the body or the cookie.',
  tags: ['Sign in'],
  security: SIGNED_IN,
  response: { 204: NoContent, ...refusals(400, 401, 403) },
};

export const logoutAllSchema = {
  summary: 'Sign out everywhere',
  tags: ['Sign in'],
  security: SIGNED_IN,
  response: { 204: NoContent, ...refusals(400, 401, 403) },
};

export const meSchema = {
  summary: 'Who am I?',
  tags: ['Account'],
  security: SIGNED_IN,
  response: { 200: User, ...refusals(400, 401) },
};

export const passwordSchema = {
  summary: 'Change the password',
  description: 'Ends every other session.',
  tags: ['Account'],
  security: SIGNED_IN,
  body: Type.Object(
    {
      current_password: Type.String({ maxLength: 1024, format: 'password' }),
      new_password: password,
    },
    { additionalProperties: false },
  ),
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};

export const sessionsSchema = {
  summary: 'List my sessions',
  tags: ['Account'],
  security: SIGNED_IN,
  response: {
    200: Type.Object({
      sessions: Type.Array(
        Type.Object({
          id: Type.String({ format: 'uuid' }),
          current: Type.Boolean({ description: 'Whether this request belongs to it.' }),
          device: Nullable(Type.String()),
          address: Nullable(Type.String()),
          created_at: Time,
          last_used_at: Time,
          expires_at: Time,
        }),
      ),
    }),
    ...refusals(400, 401),
  },
};

export const sessionSchema = {
  summary: 'End one of my sessions',
  tags: ['Account'],
  security: SIGNED_IN,
  params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
  response: { 204: NoContent, ...refusals(400, 401, 403, 404) },
};

export const verifySchema = {
  summary: 'Forward authentication',
  description:
    'For proxies: 200 with `X-Auth-User`, `X-Auth-Session`, `X-Auth-Username`, `X-Auth-Roles` and `X-Auth-Scope`, or 401.',
  tags: ['For other programs'],
  security: SIGNED_IN,
  response: { 200: Type.Null({ description: 'Signed in.' }), ...refusals(400, 401, 403) },
};

export const jwksSchema = {
  summary: 'Public keys',
  tags: ['For other programs'],
  response: {
    200: Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }),
  },
};

export const metadataSchema = {
  summary: 'Authorization server metadata',
  tags: ['For other programs'],
  response: { 200: Type.Object({}, { additionalProperties: true }) },
};

export const healthSchema = {
  summary: 'Is the process up?',
  tags: ['Operations'],
  response: { 200: Type.Object({ status: Type.Literal('ok') }) },
};

export const readySchema = {
  summary: 'Can it serve?',
  tags: ['Operations'],
  response: { 200: Type.Object({ status: Type.Literal('ok') }), 503: Problem },
};
