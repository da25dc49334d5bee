import { ByCookie, RefreshTokenBody, refusals, Tokens } from '../../http/schema/common.ts';
import { either } from '../../http/schema/json-schema.ts';

export const refreshSchema = {
  summary: 'Refresh',
  description:
    'Exchanges a refresh token, from the body or the cookie, for a new access token. Tokens come back the way the refresh token came: in the body or as cookies.',
  tags: ['Sign in'],
  body: RefreshTokenBody,
  response: {
    200: either([Tokens, ByCookie], { description: 'Refreshed.' }),
    ...refusals(400, 401, 403, 413, 415),
  },
};
