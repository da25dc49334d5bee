import { NoContent, RefreshTokenBody, refusals, SIGNED_IN } from '../../http/schema/common.ts';

export const logoutSchema = {
  summary: 'Sign out',
  description:
    'Ends the session: its tokens are refused from now on. Takes the access token, or the refresh token in the body or the cookie.',
  tags: ['Sign in'],
  security: SIGNED_IN,
  body: RefreshTokenBody,
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};

export const logoutAllSchema = {
  summary: 'Sign out everywhere',
  description: 'Ends every session of the user, this one too.',
  tags: ['Sign in'],
  security: SIGNED_IN,
  response: { 204: NoContent, ...refusals(400, 401, 403, 413, 415) },
};
