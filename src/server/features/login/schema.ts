import {
  ByCookie,
  email,
  refusals,
  Tokens,
  TransportQuery,
  username,
} from '../../http/schema/common.ts';
import { either, named, object, optional, string } from '../../http/schema/json-schema.ts';

export const loginSchema = {
  summary: 'Sign in',
  description:
    'With a username or an email address (`username` takes either), as JSON or as a form. 401 `mfa_required` has a `challenge`: present a second factor at `/auth/mfa`. 401 `password_change_required` has a `challenge`: the user must set a new password at `/auth/password` first.',
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
    ...refusals(400, 401, 403, 413, 415, 429),
  },
};
