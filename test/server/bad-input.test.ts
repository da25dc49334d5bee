import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertOAuthError, assertProblem, MARKER } from '../support/refusals.ts';
import { PASSWORD, startServer } from '../support/server.ts';

const server = await startServer();
const { send } = server;
const { body: signedIn } = await server.register('jane');
const token: string = signedIn['access_token'];
const refreshToken: string = signedIn['refresh_token'];

const countUsers = async () => (await server.app.latchkey.users.list({ limit: 1000 })).length;
const usersBefore = await countUsers();
const meBefore = (await send('/auth/me', { token })).text;
interface Endpoint {
  readonly path: string;
  /** What would be accepted, but for the one thing a test changes. */
  readonly valid: Readonly<Record<string, string>>;
  /** Characters each member may have. */
  readonly limits: Readonly<Record<string, number>>;
  readonly required: readonly string[];
  readonly token?: string;
}

const endpoints: Endpoint[] = [
  {
    path: '/auth/register',
    valid: {
      username: 'newcomer',
      email: 'newcomer@example.com',
      name: 'New Comer',
      password: `${MARKER} password`,
    },
    limits: { username: 64, email: 254, name: 256, password: 1024 },
    required: ['password'],
  },
  {
    path: '/auth/login',
    valid: { username: 'jane', password: `${MARKER} password`, scope: 'read' },
    limits: { username: 254, password: 1024, scope: 1024 },
    required: ['username', 'password'],
  },
  {
    path: '/auth/login',
    valid: { email: 'jane@example.com', password: `${MARKER} password` },
    limits: { email: 254, password: 1024 },
    required: ['password'],
  },
  {
    path: '/auth/password',
    valid: { current_password: `${MARKER} old`, new_password: `${MARKER} new` },
    limits: { current_password: 1024, new_password: 1024 },
    required: ['current_password', 'new_password'],
    token,
  },
  {
    path: '/auth/reauthenticate',
    valid: { password: `${MARKER} old` },
    limits: { password: 1024 },
    required: ['password'],
    token,
  },
  {
    path: '/auth/refresh',
    valid: { refresh_token: MARKER },
    limits: { refresh_token: 8192 },
    required: [],
  },
  {
    path: '/auth/logout',
    valid: { refresh_token: MARKER },
    limits: { refresh_token: 8192 },
    required: [],
  },
];

const WRONG: Record<string, unknown> = {
  null: null,
  'a number': 42,
  'a huge number': 1e300,
  true: true,
  false: false,
  'an array': [`${MARKER} password`],
  'an empty array': [],
  'an object': { [MARKER]: `${MARKER} password` },
  'an operator': { $ne: null },
  'an empty text': '',
  'a NUL': `${MARKER}\0password`,
};

const EXTRA = [
  'role',
  'roles',
  'id',
  'sub',
  'email_verified',
  'password_hash',
  'passwordHash',
  'is_admin',
  'disabled_at',
  'token_version',
  'created_at',
  'profile',
  'toString',
  'hasOwnProperty',
  'prototype',
  '',
];

function sendJson({ path, token }: Endpoint, text: string | Uint8Array) {
  return send(path, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json' },
    ...(token === undefined ? {} : { token }),
  });
}

for (const endpoint of endpoints) {
  const { path, valid, limits, required } = endpoint;
  const [first = ''] = Object.keys(valid);

  suite(`${path} with ${Object.keys(valid).join(', ')}`, () => {
    for (const field of Object.keys(valid)) {
      test(`refuses a ${field} that is not one, by its name`, async () => {
        const wrong = { ...WRONG, 'too long a text': MARKER.padEnd((limits[field] ?? 0) + 1, 'x') };
        for (const [what, value] of Object.entries(wrong)) {
          if (field === 'scope' && value === '') continue;
          const answer = await sendJson(endpoint, JSON.stringify({ ...valid, [field]: value }));
          assertProblem(answer, 400, `${field}: ${what}`);
          assert.equal(answer.body['code'], 'invalid_input');
          const fields = answer.body['errors'].map((each: { field: string }) => each.field);
          assert.deepEqual(fields, [field], `${field}: ${what}`);
          assert.match(answer.body['detail'], new RegExp(`"${field}"`));
        }
      });

      test(`refuses a ${field} that is no text at all`, async () => {
        const lone = JSON.stringify({ ...valid, [field]: `${MARKER}\ud800` });
        assert.match(lone, /\\ud800/);
        assertProblem(await sendJson(endpoint, lone), 400, 'lone surrogate');
        for (const bytes of ['\xff', '\xc0\xaf', '\xed\xa0\x80', '\xf5\x80\x80\x80', '\xe2\x82']) {
          const text = JSON.stringify({ ...valid, [field]: 'BYTES' }).replace('BYTES', bytes);
          const answer = await sendJson(endpoint, Buffer.from(text, 'latin1'));
          assertProblem(answer, 400, `bytes ${encodeURIComponent(bytes)}`);
          assert.equal(answer.body['code'], 'invalid_encoding');
        }
      });
    }

    for (const field of required) {
      test(`asks for ${field}`, async () => {
        const { [field]: _, ...rest } = valid;
        const answer = await sendJson(endpoint, JSON.stringify(rest));
        assertProblem(answer, 400, field);
        assert.match(answer.body['detail'], new RegExp(`"${field}"`));
      });
    }

    test('refuses every member that it does not know, by its name', async () => {
      for (const name of EXTRA) {
        for (const value of ['admin', ['admin'], true, null]) {
          const answer = await sendJson(endpoint, JSON.stringify({ ...valid, [name]: value }));
          assertProblem(answer, 400, name);
          assert.deepEqual(answer.body['errors'], [
            {
              field: name,
              detail: `"${name}" is not something that can be set here. Leave it out.`,
            },
          ]);
        }
      }
    });

    test('refuses members that would change what objects are', async () => {
      for (const name of ['__proto__', 'constructor', '\\u005f_proto__']) {
        for (const place of ['', '{"roles":["admin"]}']) {
          const member = `"${name}":${place || '"x"'}`;
          const answer = await sendJson(endpoint, `{${member},${JSON.stringify(valid).slice(1)}`);
          assertProblem(answer, 400, name);
          assert.match(answer.body['detail'], /"(__proto__|constructor)"/);
        }
      }
      assert.equal(Object.hasOwn(Object.prototype, 'roles'), false);
    });

    test('refuses a member that comes twice, by its name', async () => {
      const member = `${JSON.stringify(first)}:"somebody"`;
      const answer = await sendJson(endpoint, `{${member},${JSON.stringify(valid).slice(1)}`);
      assertProblem(answer, 400, 'duplicate');
      assert.match(answer.body['detail'], new RegExp(`"${first}"`));
    });

    test('refuses many unknown members in one short answer', async () => {
      const many = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`extra${at}`, at]));
      const answer = await sendJson(endpoint, JSON.stringify({ ...valid, ...many }));
      assertProblem(answer, 400, 'many');
      assert.ok(answer.text.length < 5000);
      const long = await sendJson(endpoint, JSON.stringify({ ...valid, ['x'.repeat(50_000)]: 1 }));
      assertProblem(long, 400, 'long name');
      assert.ok(long.text.length < 1000);
    });
  });
}

suite('register', () => {
  const register = (more: Record<string, unknown>) =>
    send('/auth/register', { json: { password: `${MARKER} password`, ...more } });

  test('asks for a username or an email address', async () => {
    assertProblem(await register({}), 400);
    assertProblem(await register({ name: 'Nobody' }), 400);
  });

  test('refuses a name that is none', async () => {
    for (const username of [
      ' jane',
      'jane ',
      'ja ne',
      'jane@example',
      'jane/..',
      '<script>',
      'ja\u200bne',
      'ja\u202ene',
      'ja\nne',
      '.jane',
      '-',
      '\u0301',
    ]) {
      const answer = await register({ username });
      assertProblem(answer, 400, JSON.stringify(username));
      assert.equal(answer.body['errors'][0].field, 'username');
    }
  });

  test('refuses an address that is none', async () => {
    for (const email of [
      'jane',
      'jane@',
      '@example.com',
      'jane@localhost',
      'jane@example..com',
      'jane@@example.com',
      'ja ne@example.com',
      'jane@exa mple.com',
      'jane@example.com\nBcc: x@example.com',
      '"jane"@example.com',
      'jane@[127.0.0.1]',
      'jane@example.com, x@example.com',
      `${'x'.repeat(65)}@example.com`,
    ]) {
      const answer = await register({ email });
      assertProblem(answer, 400, JSON.stringify(email));
      assert.equal(answer.body['errors'][0].field, 'email');
    }
  });

  test('refuses a password that is too short, in characters', async () => {
    for (const password of ['m4rk3r!', '\u{1f511}'.repeat(7)]) {
      const answer = await send('/auth/register', { json: { username: 'shorty', password } });
      assertProblem(answer, 400, password);
    }
  });

  test('tells all problems in one answer', async () => {
    const json = { username: 'a b', email: 'x', password: 'short', roles: ['admin'] };
    const { body } = await send('/auth/register', { json });
    const fields = body['errors'].map((each: { field: string }) => each.field);
    assert.deepEqual(fields.sort(), ['email', 'password', 'roles', 'username']);
  });

  test('refuses a transport it does not know', async () => {
    const json = { username: 'transported', password: PASSWORD };
    for (const query of [
      'transport=',
      'transport=Cookie',
      'transport=body&transport=cookie',
      'transport[]=body&transport=',
    ]) {
      assertProblem(await send(`/auth/register?${query}`, { json }), 400, query);
    }
  });
});

suite('forms', () => {
  const valid = { username: 'jane', password: `${MARKER} password` };
  const text = new URLSearchParams(valid).toString();
  const broken: Record<string, string> = {
    'a field twice': `${text}&username=john`,
    'a field twice, once encoded': `${text}&%75sername=john`,
    'a password twice': `${text}&password=${MARKER}`,
    'a lone percent': `${text}&scope=%`,
    'percent and no digits': `username=jane&password=${MARKER}%zz`,
    'a byte that is no UTF-8': `username=jane&password=${MARKER}%ff`,
    'half a surrogate pair': `username=jane&password=${MARKER}%ed%a0%80`,
    'an overlong slash': `username=jane&password=${MARKER}%c0%af`,
    'a bad byte in a name': `${text}&%ff=1`,
    '10,000 fields': `${text}${Array.from({ length: 9998 }, (_, at) => `&f${at}=`).join('')}`,
    JSON: JSON.stringify(valid),
    'JSON, encoded': encodeURIComponent(JSON.stringify(valid)),
    'a field with no name': `${text}&=x`,
    brackets: `username[$ne]=x&password=${MARKER}`,
  };
  for (const [name, form] of Object.entries(broken)) {
    test(`refuses ${name}`, async () => {
      const login = await send('/auth/login', { form });
      if (form.length < 65_536) assertProblem(login, 400, name);
      else assertProblem(login, 413, name);
      const oauth = await send('/auth/token', { form: `grant_type=password&${form}` });
      assertOAuthError(oauth, form.length < 65_536 ? 400 : 413, name);
      assert.equal(oauth.body['error'], 'invalid_request');
    });
  }

  test('refuses bytes that are not UTF-8', async () => {
    for (const path of ['/auth/login', '/auth/token']) {
      const answer = await send(path, {
        method: 'POST',
        body: Buffer.from(`grant_type=password&username=jane&password=${MARKER}\xff`, 'latin1'),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      assert.equal(answer.status, 400);
    }
  });

  test('refuses at login every field that it does not know, by its name', async () => {
    for (const name of [...EXTRA, '__proto__', 'constructor'].filter((each) => each !== '')) {
      const answer = await send('/auth/login', { form: `${text}&${name}=admin` });
      assertProblem(answer, 400, name);
      assert.equal(answer.body['errors'][0].field, name);
    }
    const grant = await send('/auth/login', { form: { ...valid, grant_type: 'refresh_token' } });
    assertProblem(grant, 400, 'grant_type');
  });

  test('refuses at login and at the token endpoint what is no username or password', async () => {
    for (const [field, value] of [
      ['username', ''],
      ['username', 'x'.repeat(255)],
      ['username', 'ja\0ne'],
      ['password', ''],
      ['password', MARKER.padEnd(1025, 'x')],
      ['password', `${MARKER}\0`],
      ['scope', 'a  b'],
      ['scope', 'x'.repeat(1025)],
    ] as const) {
      const form = { ...valid, [field]: value };
      const answer = await send('/auth/login', { form });
      assertProblem(answer, 400, field);
      assert.equal(answer.body['errors'][0].field, field);
      const oauth = await send('/auth/token', { form: { ...form, grant_type: 'password' } });
      assertOAuthError(oauth, 400, field);
      assert.equal(oauth.body['error'], 'invalid_request');
    }
  });

  test('may have 64 fields, and an empty grant_type', async () => {
    const form = (count: number) =>
      `${text}&grant_type=password&${Array.from({ length: count - 3 }, (_, at) => `f${at}=`).join('&')}`;
    const most = await send('/auth/token', { form: form(64) });
    assert.equal(most.body['error'], 'invalid_grant');
    const more = await send('/auth/token', { form: form(65) });
    assert.equal(more.body['error'], 'invalid_request');
    assert.match(more.body['error_description'], /64 fields/);
    // Empty ones count, so that nothing behind them is dropped in silence.
    const behind = await send('/auth/login', { form: `${text}${'&'.repeat(63)}password=other` });
    assertProblem(behind, 400);
    assert.match(behind.body['detail'], /64 fields/);
    const login = await send('/auth/login', { form: `${text}&grant_type=` });
    assertProblem(login, 401);
  });

  test('are taken by login and token alone', async () => {
    for (const { path, valid, token } of endpoints) {
      if (path === '/auth/login') continue;
      const answer = await send(path, { form: valid, ...(token === undefined ? {} : { token }) });
      assertProblem(answer, 415, path);
    }
  });
});

suite('refresh tokens', () => {
  test('are refused where they are anything else', async () => {
    const bad = [
      'x',
      '...',
      token,
      `${refreshToken}.`,
      refreshToken.slice(0, -1),
      `${refreshToken} `,
    ];
    for (const refresh_token of [...bad, 'x'.repeat(8192)]) {
      const refresh = await send('/auth/refresh', { json: { refresh_token } });
      assertProblem(refresh, 401, refresh_token);
      assert.equal(refresh.body['code'], 'refresh_token_invalid');
      assertProblem(await send('/auth/logout', { json: { refresh_token } }), 401, refresh_token);
    }
  });
});

suite('what was refused', () => {
  test('left nothing behind and harmed nothing', async () => {
    assert.equal(await countUsers(), usersBefore);
    assert.equal((await send('/auth/me', { token })).text, meBefore);
    assert.equal((await server.login('jane')).status, 200);
    assert.equal((await send('/healthz')).status, 200);
  });
});
