import { type Exchange, INPUT_REFUSED, NOT_422, problem } from './exchange.ts';

const TOKENS = { access_token: '<token>', refresh_token: '<token>', token_type: 'bearer' };
const BOB = { username: 'bob', email: 'bob@example.com', password: 'correct horse' };
const SEQUENCE = '`id` is a UUID, not a number: it does not reveal how many users there are.';

export const signupTokenMe: readonly Exchange[] = [
  { route: 'GET /', original: { status: 200, body: { message: 'Hello World!' } } },
  {
    route: 'POST /token',
    about: 'alice, whose bcrypt hash was imported',
    send: { form: { username: 'alice', password: 'secret' } },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /signup',
    send: { json: BOB },
    original: { status: 200, body: { id: '<number>', username: 'bob', email: BOB.email } },
    ours: { status: 200, body: { id: '<uuid>', username: 'bob', email: BOB.email } },
    why: SEQUENCE,
  },
  {
    route: 'POST /signup',
    about: 'the same name',
    send: { json: { ...BOB, email: 'bob@example.org' } },
    original: { status: 400 },
    ours: problem(409, 'username_taken', 'This username is taken. Choose another, or sign in.'),
    why: 'A name that is taken is a conflict, not bad input. Names that differ only in case are one.',
  },
  {
    route: 'POST /signup',
    about: 'a bad email',
    send: { json: { ...BOB, username: 'carol', email: 'carol' } },
    original: INPUT_REFUSED,
    ours: problem(
      400,
      'invalid_input',
      '"email" must be an email address, such as jane@example.com.',
    ),
    why: NOT_422,
  },
  {
    route: 'POST /signup',
    about: 'a password of 6 characters',
    send: { json: { ...BOB, username: 'carol', email: 'carol@example.com', password: 'secret' } },
    ours: problem(400, 'invalid_input', '"password" must have at least 8 characters.'),
    why: '8 characters or more, unless `password: { minLength }` says otherwise. No length is asked when signing in.',
  },
  {
    route: 'POST /token',
    send: { form: { username: 'bob', password: BOB.password } },
    original: { status: 200, body: TOKENS },
  },
  {
    route: 'POST /token',
    about: 'a wrong password',
    send: { form: { username: 'bob', password: 'wrong' } },
    original: { status: 401, detail: 'Incorrect username or password' },
    ours: problem(401, 'invalid_credentials', 'Incorrect username or password'),
  },
  {
    route: 'GET /users/me',
    send: { token: '$access_token' },
    original: { status: 200, body: { id: '<number>', username: 'bob', email: BOB.email } },
    ours: { status: 200, body: { id: '<uuid>', username: 'bob', email: BOB.email } },
    why: SEQUENCE,
  },
  {
    route: 'POST /refresh?refresh_token=$refresh_token',
    original: { status: 200, body: TOKENS },
    ours: problem(
      400,
      'multiple_credentials',
      'A token must not be in the address, where it is logged and remembered. Send the refresh token in the body, as JSON: {"refresh_token": "…"}.',
    ),
    why: 'Addresses end up in the logs of every proxy, and a refresh token there is worth seven days.',
  },
  {
    route: 'POST /refresh',
    send: { json: { refresh_token: '$refresh_token' } },
    original: { status: 422 },
    ours: { status: 200, body: TOKENS },
    why: 'This is where the refresh token goes.',
  },
];
