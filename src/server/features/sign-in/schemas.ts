import type { FieldRules } from '../../../auth/users/custom-fields.ts';
import {
  ByCookie,
  email,
  NoContent,
  OAuthError,
  password,
  refusals,
  SIGNED_IN,
  Tokens,
  TransportQuery,
  tokenProperties,
  User,
  username,
} from '../../http/schemas/common-schemas.ts';
import {
  boolean,
  either,
  named,
  number,
  object,
  oneOf,
  optional,
  type Schema,
  string,
} from '../../http/schemas/json-schema.ts';

const UserWithTokens = named('UserWithTokens', object({ user: User, ...tokenProperties }));

export function createRegisterSchema(fields: FieldRules) {
  const own = Object.entries(fields).map(([name, rule]) => {
    const schema = toFieldSchema(rule);
    return [name, rule.required || rule.type === 'repeat' ? schema : optional(schema)] as const;
  });
  return {
    summary: 'Register',
    description: 'Makes a user and signs it in. Give a username, an email address, or both.',
    tags: ['Sign in'],
    querystring: TransportQuery,
    body: named(
      'Registration',
      object(
        {
          username: optional(username),
          email: optional(email),
          password,
          name: optional(string({ maxLength: 256 })),
          ...Object.fromEntries(own),
        },
        {
          additionalProperties: false,
          examples: [{ username: 'janedoe', email: 'jane@example.com', password: 'correct horse' }],
        },
      ),
    ),
    response: {
      201: either([UserWithTokens, ByCookie], { description: 'Registered and signed in.' }),
      ...refusals(400, 403, 409, 413, 415),
    },
  };
}

function toFieldSchema(rule: FieldRules[string]): Schema {
  switch (rule.type) {
    case 'repeat':
      return string({ format: 'password' });
    case 'number':
      return number();
    case 'boolean':
      return boolean();
    case 'string':
      return string({ minLength: rule.minLength ?? 1, maxLength: rule.maxLength ?? 256 });
  }
}

export const loginSchema = {
  summary: 'Sign in',
  description:
    'With a username or an email address (either may stand in `username`), as JSON or as a form. 401 `password_change_required` has a `challenge`: the user must set a new password at `/auth/password` first.',
  tags: ['Sign in'],
  consumes: ['application/json', 'application/x-www-form-urlencoded'],
  querystring: TransportQuery,
  body: named(
    'Login',
    object(
      {
        username: optional(username),
        email: optional(email),
        password: string({ maxLength: 1024, format: 'password' }),
        scope: optional(string({ description: 'Narrows what is granted.' })),
      },
      {
        additionalProperties: false,
        examples: [{ username: 'janedoe', password: 'correct horse' }],
      },
    ),
  ),
  response: {
    200: either([Tokens, ByCookie], { description: 'Signed in.' }),
    ...refusals(400, 401, 403, 413, 415),
  },
};

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
    400: OAuthError,
    401: OAuthError,
    413: OAuthError,
    503: OAuthError,
  },
};

/** All of it may be left out where a cookie or a header brings the token. */
const refreshBody = named(
  'RefreshToken',
  object({ refresh_token: optional(string()) }, { additionalProperties: false }),
);

export const refreshSchema = {
  summary: 'Refresh',
  description:
    'Exchanges a refresh token, from the body or the cookie, for a fresh access token. Answers the way it was asked.',
  tags: ['Sign in'],
  body: refreshBody,
  response: {
    200: either([Tokens, ByCookie], { description: 'Refreshed.' }),
    ...refusals(400, 401, 403, 413, 415),
  },
};

export const logoutSchema = {
  summary: 'Sign out',
  description:
    'Ends the session: its tokens are refused from now on. Takes the access token, or the refresh token in the body or the cookie.',
  tags: ['Sign in'],
  security: SIGNED_IN,
  body: refreshBody,
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};

export const logoutAllSchema = {
  summary: 'Sign out everywhere',
  description: 'Ends every session of the user, this one too.',
  tags: ['Sign in'],
  security: SIGNED_IN,
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};
