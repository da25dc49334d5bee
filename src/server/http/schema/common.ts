import { FACTOR_METHODS } from '../../../auth/credentials/second-factors/check-factor.ts';
import {
  integer,
  list,
  literal,
  mayBeAbsent,
  named,
  nothing,
  nullable,
  object,
  oneOf,
  optional,
  string,
} from './json-schema.ts';

/**
 * What the API documentation shows. These schemas describe and do not validate: only the domain reads input,
 * so what is accepted is defined in one place.
 */

/** The documentation's security scheme: a bearer token, obtained with the Authorize button. */
export const SIGNED_IN = [{ account: [] as string[] }];

/** The key of a client, as a bearer token or by Basic. */
export const BY_CLIENT = [{ client: [] as string[] }];

const Problem = named(
  'Problem',
  object(
    {
      type: string(),
      title: string(),
      status: integer(),
      detail: string({ description: 'A sentence for a person.' }),
      code: string({ description: 'Stable, for programs.' }),
      challenge: optional(
        string({ description: 'If a sign-in needs one more step: to be sent with it.' }),
      ),
      expires_in: optional(integer({ description: 'Seconds in which that step must be taken.' })),
      methods: optional(
        list(string(), {
          description: 'How a second factor can be presented, if one is required.',
        }),
      ),
      enroll: optional(
        list(string(), { description: 'What can be set up, if a factor is required and missing.' }),
      ),
      max_age: optional(
        integer({ description: 'The most seconds since the user authenticated (RFC 9470).' }),
      ),
      acr_values: optional(string({ description: 'How the user must authenticate (RFC 9470).' })),
      errors: optional(
        list(object({ field: string(), detail: string(), code: optional(string()) }), {
          description: 'Which members were refused, and why.',
        }),
      ),
    },
    { description: 'What went wrong (RFC 9457).' },
  ),
);

const OAuthError = named(
  'OAuthError',
  object(
    {
      error: string(),
      error_description: string(),
      code: optional(string({ description: 'If a sign-in needs one more step: which one.' })),
      challenge: optional(string({ description: 'To be sent with that step.' })),
      expires_in: optional(integer({ description: 'Seconds in which it must be taken.' })),
      methods: optional(list(string(), { description: 'How a second factor can be presented.' })),
      enroll: optional(
        list(string(), { description: 'What can be set up, if a factor is missing.' }),
      ),
    },
    { description: 'What went wrong (RFC 6749 section 5.2).' },
  ),
);

export const Time = string({ format: 'date-time' });

export const User = named(
  'User',
  object(
    {
      id: string({ format: 'uuid' }),
      username: nullable(string()),
      email: nullable(string()),
      name: nullable(string()),
      roles: list(string()),
      created_at: Time,
    },
    { description: 'The user. The host may add fields of its own.' },
  ),
);

export const tokenProperties = {
  access_token: string(),
  refresh_token: string(),
  token_type: literal('bearer'),
  expires_in: integer({ description: 'How many seconds the access token lives.' }),
  scope: optional(string()),
};
export const Tokens = named('Tokens', object(tokenProperties, { description: 'Signed in.' }));

export const ByCookie = named(
  'SignedInByCookie',
  object(
    {
      user: User,
      expires_in: integer({ description: 'How many seconds the access token lives.' }),
    },
    { description: 'Signed in by cookies.' },
  ),
);

export const TransportQuery = object({
  transport: optional(
    oneOf(['body', 'cookie'], {
      description: '`cookie`: tokens come as HttpOnly cookies instead of in the body.',
    }),
  ),
});

export const PROBLEM_TYPE = 'application/problem+json';

/** The meaning of a refusal by its status, for people. */
export const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is invalid. `detail` says what to change.',
  401: 'Not signed in, or the credentials are wrong.',
  403: 'Signed in, and not allowed.',
  404: 'It does not exist, or it is not yours.',
  409: 'The username or the email address is taken.',
  413: 'The body is larger than 64 KiB.',
  415: 'This route does not take the content type of the body.',
  429: 'Too many attempts failed, so this one was not tried. `Retry-After` and `RateLimit` say when the next one is admitted.',
  503: 'The server is overloaded, or the database does not answer. Try again after `Retry-After` seconds.',
};

/** Refusals as problem documents; every route may answer 503. */
export const refusals = (...statuses: number[]) =>
  Object.fromEntries(
    [...statuses, 503].map((status) => [
      status,
      {
        description: REASONS[status],
        content: { [PROBLEM_TYPE]: { schema: Problem } },
      },
    ]),
  );

/** Refusals in the form of OAuth 2.0. Every route may answer 503. */
export const oauthRefusals = (...statuses: number[]) =>
  Object.fromEntries([...statuses, 503].map((status) => [status, OAuthError]));

/** The refresh token, where no cookie and no header carries one. */
export const RefreshTokenBody = mayBeAbsent(
  named(
    'RefreshToken',
    object({ refresh_token: optional(string()) }, { additionalProperties: false }),
  ),
);

/** A token that a client asks about or revokes. @see RFC 7662 section 2.1, RFC 7009 section 2.1 */
export const TokenForm = named(
  'TokenForm',
  object({
    token: string(),
    token_type_hint: optional(
      oneOf(['access_token', 'refresh_token'], { description: 'What to look for first.' }),
    ),
  }),
);

export const NoContent = nothing({ description: 'Done.' });

export const password = string({ minLength: 8, maxLength: 1024, format: 'password' });
/** How a second factor is presented. */
export const factorMethod = oneOf(FACTOR_METHODS);
export const username = string({ maxLength: 64, examples: ['janedoe'] });
export const email = string({ format: 'email', examples: ['jane@example.com'] });
