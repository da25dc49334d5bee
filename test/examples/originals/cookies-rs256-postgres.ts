import { type Exchange, INPUT_REFUSED, NOT_422, problem } from './exchange.ts';

const JANE = {
  first_name: 'Jane',
  last_name: 'Doe',
  email: 'jane@example.com',
  password: 'correct horse',
  passwordConfirm: 'correct horse',
};
const USER = { id: '<uuid>', first_name: 'Jane', last_name: 'Doe', email: JANE.email };
const BOTH = ['access_token', 'refresh_token'];
const DASHBOARD = 'GET /api/dashboard/dashboard';
const HELLO = { message: 'Hello from the dashboard!' };

export const cookiesRs256Postgres: readonly Exchange[] = [
  {
    route: 'POST /api/auth/register',
    send: { json: JANE },
    original: { status: 201, body: USER, sets: BOTH },
  },
  {
    route: 'POST /api/auth/register',
    about: 'the same address',
    send: { json: JANE },
    original: { status: 409, detail: 'An account by that email already registered!' },
    ours: problem(409, 'email_taken', 'An account by that email already registered!'),
  },
  {
    route: 'POST /api/auth/register',
    about: 'passwords that differ',
    send: { json: { ...JANE, email: 'j@example.com', passwordConfirm: 'correct hors' } },
    original: { status: 400, detail: 'Passwords do not match!' },
    ours: problem(400, 'invalid_input', 'Passwords do not match!'),
  },
  {
    route: 'POST /api/auth/register',
    about: 'a password of 7 characters',
    send: {
      json: { ...JANE, email: 'j@example.com', password: 'correct', passwordConfirm: 'correct' },
    },
    original: INPUT_REFUSED,
    ours: problem(400, 'invalid_input', '"password" must have at least 8 characters.'),
    why: NOT_422,
  },
  {
    route: 'POST /api/auth/login',
    send: { json: { email: JANE.email, password: JANE.password } },
    original: { status: 200, body: USER, sets: BOTH },
  },
  {
    route: 'POST /api/auth/login',
    about: 'a wrong password',
    send: { json: { email: JANE.email, password: 'wrong' } },
    original: { status: 400 },
    ours: problem(401, 'invalid_credentials', 'Incorrect username or password'),
    why: 'Who is asking is not known: that is 401.',
  },
  {
    route: 'GET /api/auth/refresh',
    send: { cookies: { refresh_token: '$refresh_token' } },
    original: { status: 200, body: USER, sets: ['access_token'] },
    ours: { status: 200, body: USER, sets: BOTH },
    why: 'A refresh token is replaced when it is used, so that a stolen copy is noticed.',
  },
  {
    route: 'GET /api/auth/refresh',
    about: 'without the cookie',
    original: { detail: 'Missing refresh token!' },
    ours: problem(401, 'refresh_token_missing', 'Missing refresh token!'),
  },
  {
    route: DASHBOARD,
    send: { cookies: { access_token: '$access_token' } },
    original: { status: 200, body: HELLO },
  },
  {
    route: DASHBOARD,
    send: { token: '$access_token' },
    original: { status: 200, body: HELLO },
  },
  {
    route: DASHBOARD,
    about: 'without a token',
    original: { status: 401, detail: 'You must refresh' },
    ours: problem(401, 'token_missing', 'You must refresh'),
  },
  {
    route: DASHBOARD,
    about: 'a malformed header',
    send: { headers: { authorization: 'Bearer' } },
    ours: problem(401, 'token_malformed', '<sentence>'),
  },
  {
    route: DASHBOARD,
    about: 'a cookie and a header',
    send: { cookies: { access_token: '$access_token' }, token: '$access_token' },
    original: { status: 200, body: HELLO },
    ours: problem(400, 'multiple_credentials', '<sentence>'),
    why: 'They may speak for two users, and to choose one would be guessing.',
  },
  {
    route: 'POST /api/auth/logout',
    send: { cookies: { access_token: '$access_token', refresh_token: '$refresh_token' } },
    original: { status: 200, body: { status: 'success' }, clears: BOTH },
  },
  {
    route: DASHBOARD,
    about: 'the cookie again, after logout',
    send: { cookies: { access_token: '$access_token' } },
    original: { status: 200, body: HELLO },
    ours: problem(401, 'token_revoked', '<sentence>'),
    why: 'A logout ends the session, so a copy of its cookies is worth nothing.',
  },
];
