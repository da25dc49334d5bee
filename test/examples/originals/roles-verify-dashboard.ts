import { type Exchange, INPUT_REFUSED, problem } from './exchange.ts';

const TOKENS = {
  access_token: '<token>',
  refresh_token: '<token>',
  token_type: 'bearer',
  expires_in: 1800,
};
const JANE = { username: 'janedoe', password: 'password123' };

export const rolesVerifyDashboard: readonly Exchange[] = [
  { route: 'GET /', original: { status: 200, body: { message: 'Welcome to the public route' } } },
  {
    route: 'POST /auth/login',
    send: { form: JANE },
    original: { status: 200, body: { access_token: '<token>', token_type: 'bearer' } },
    ours: { status: 200, body: TOKENS },
    why: 'A refresh token and the lifetime come beside them; a client that ignores what it does not know sees no change.',
  },
  {
    route: 'POST /auth/login',
    about: 'a wrong password',
    send: { form: { ...JANE, password: 'wrong' } },
    original: { status: 401, detail: 'Incorrect username or password' },
    ours: problem(401, 'invalid_credentials', 'Incorrect username or password'),
  },
  {
    route: 'GET /auth/verify?token=$access_token',
    original: { status: 200, body: { user: 'janedoe' } },
  },
  {
    route: 'GET /auth/verify?token=garbage',
    original: { status: 401, detail: 'Invalid or expired token' },
    ours: problem(401, 'token_malformed', 'Invalid or expired token'),
  },
  {
    route: 'GET /auth/verify',
    about: 'without a token',
    original: INPUT_REFUSED,
    ours: problem(401, 'token_malformed', 'Invalid or expired token'),
    why: 'The route says whether the caller is known, and without a token it is not.',
  },
  {
    route: 'GET /dashboard',
    send: { token: '$access_token' },
    original: { status: 200, body: { message: 'Welcome janedoe! This is a protected route.' } },
  },
  {
    route: 'GET /dashboard',
    about: 'a forged token',
    send: { token: 'garbage' },
    original: { status: 401 },
    ours: problem(401, 'token_malformed', '<sentence>'),
  },
];
