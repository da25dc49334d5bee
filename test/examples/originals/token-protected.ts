import { type Exchange, problem } from './exchange.ts';

const ALICE = { username: 'alice', password: 'wonderland' };

export const tokenProtected: readonly Exchange[] = [
  {
    route: 'POST /token',
    send: { form: ALICE },
    original: { status: 200, body: { access_token: '<token>', token_type: 'bearer' } },
  },
  {
    route: 'POST /token',
    about: 'a wrong password',
    send: { form: { ...ALICE, password: 'underland' } },
    original: { status: 401 },
    ours: problem(401, 'invalid_credentials', 'Incorrect username or password'),
  },
  {
    route: 'GET /protected',
    send: { token: '$access_token' },
    original: { status: 200, body: { message: 'Hello, alice. You are authenticated.' } },
  },
  {
    route: 'GET /protected',
    about: 'without a token',
    original: { status: 401 },
    ours: problem(401, 'token_missing', '<sentence>'),
  },
  {
    route: 'GET /protected',
    about: '`"alg": "none"`',
    send: { token: 'eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJhbGljZSJ9.' },
    original: { status: 401 },
    ours: problem(401, 'token_untrusted', '<sentence>'),
  },
  {
    route: 'GET /protected',
    about: 'no token at all',
    send: { token: 'garbage' },
    original: { status: 401 },
    ours: problem(401, 'token_malformed', '<sentence>'),
  },
];
