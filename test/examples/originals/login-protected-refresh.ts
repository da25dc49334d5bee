import { type Exchange, INPUT_REFUSED, NOT_422, problem } from './exchange.ts';

const TOKENS = { access_token: '<token>', refresh_token: '<token>', token_type: 'bearer' };
const MISSING =
  'No access token came with this request. You must refresh or sign in, and send it as "Authorization: Bearer …".';

export const loginProtectedRefresh: readonly Exchange[] = [
  { route: 'GET /', original: { status: 200, body: { message: 'Hello, World!' } } },
  {
    route: 'POST /login',
    send: { form: { username: 'johndoe', password: 'password123' } },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /login',
    send: { form: { username: 'janedoe', password: 'password456' } },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /login',
    about: 'the form of an OAuth client',
    send: {
      form: { grant_type: 'password', username: 'johndoe', password: 'password123', scope: '' },
    },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /login',
    send: { form: { username: 'johndoe', password: 'wrong' } },
    original: { status: 401, detail: 'Incorrect username or password' },
    ours: problem(401, 'invalid_credentials', 'Incorrect username or password'),
  },
  {
    route: 'POST /login',
    about: 'without a password',
    send: { form: { username: 'johndoe' } },
    original: INPUT_REFUSED,
    ours: problem(400, 'invalid_input', '"password" is missing.'),
    why: NOT_422,
  },
  {
    route: 'GET /protected',
    send: { token: '$access_token' },
    original: { status: 200, body: { message: 'You are accessing a protected route.' } },
  },
  {
    route: 'GET /protected',
    about: 'without a token',
    original: { status: 401, detail: 'Not authenticated' },
    ours: problem(401, 'token_missing', MISSING),
    why: 'The sentence says what to do.',
  },
  {
    route: 'POST /token/refresh',
    send: { json: { refresh_token: '$refresh_token' } },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /token/refresh',
    about: 'with an access token',
    send: { json: { refresh_token: '$access_token' } },
    ours: problem(
      401,
      'refresh_token_invalid',
      'This is not a refresh token of this server. Send the latest one you were given, or sign in again.',
    ),
  },
];
