import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { createApp, type RouteAnswers, type SignInAnswer } from 'latchkey/server';
import { assertProblem } from '../support/refusals.ts';
import {
  PASSWORD,
  readCookies,
  startHost,
  startServer,
  type TestServer,
  testOptions,
} from '../support/server.ts';

const flat = ({ user, tokens }: SignInAnswer) => ({ who: user.username, ...tokens });

suite('answers of the host', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({
      fields: { tenant: { type: 'string' } },
      answers: {
        register: ['id', 'tenant'],
        login: ['token_type', 'access_token', 'refresh_token', 'scope'],
        refresh: flat,
        me: ({ username }) => ({ name: username }),
        logout: () => ({ status: 'success' }),
      },
    });
  });

  test('have the listed members in their order, absent ones left out', async () => {
    const jane = await server.register('jane', { tenant: 'acme' });
    assert.equal(jane.status, 201);
    assert.deepEqual(jane.body, { id: jane.body['id'], tenant: 'acme' });
    const john = await server.register('john');
    assert.deepEqual(Object.keys(john.body), ['id']);
    const { body } = await server.login('jane');
    assert.deepEqual(Object.keys(body), ['token_type', 'access_token', 'refresh_token']);
  });

  test('are what a function makes of the user and the tokens', async () => {
    await server.register('june');
    const { access_token: token, refresh_token } = (await server.login('june')).body;
    assert.deepEqual((await server.send('/auth/me', { token })).body, { name: 'june' });
    const refreshed = await server.send('/auth/refresh', { json: { refresh_token } });
    assert.deepEqual(Object.keys(refreshed.body), [
      'who',
      'access_token',
      'refresh_token',
      'token_type',
      'expires_in',
    ]);
    const json = { current_password: PASSWORD, new_password: `${PASSWORD}!` };
    const { access_token: latest } = refreshed.body;
    const changed = await server.send('/auth/password', { token: latest, json });
    assert.deepEqual(Object.keys(changed.body), Object.keys(refreshed.body));
    const { access_token: last } = changed.body;
    const answer = await server.send('/auth/logout', { method: 'POST', token: last });
    assert.deepEqual([answer.status, answer.body], [200, { status: 'success' }]);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  test('never have the tokens that cookies carry', async () => {
    await server.register('jill');
    const json = { username: 'jill', password: PASSWORD };
    const login = await server.send('/auth/login?transport=cookie', { json });
    assert.deepEqual([login.status, login.body], [200, {}]);
    const cookies = Object.fromEntries(
      Object.entries(readCookies(login)).map(([name, { value }]) => [name, value]),
    );
    assert.equal(Object.keys(cookies).length, 2);
    const headers = { 'sec-fetch-site': 'same-origin' };
    const refreshed = await server.send('/auth/refresh', { method: 'POST', cookies, headers });
    assert.deepEqual(refreshed.body, { who: 'jill' });
  });

  test('are in the API documentation', async () => {
    const { paths } = (await server.send('/openapi.json')).body;
    const login = paths['/auth/login'].post.responses['200'];
    assert.deepEqual(Object.keys(login.content['application/json'].schema.properties), [
      'token_type',
      'access_token',
      'refresh_token',
      'scope',
    ]);
    for (const path of ['/auth/refresh', '/auth/password', '/auth/reauthenticate']) {
      const { schema } = paths[path].post.responses['200'].content['application/json'];
      assert.deepEqual(
        [schema.properties ?? {}, schema.additionalProperties],
        [{}, true],
        `${path} is what a function makes`,
      );
    }
    const { responses } = paths['/auth/logout'].post;
    assert.deepEqual([responses['204'], typeof responses['200']], [undefined, 'object']);
  });

  test('of routes or members that there are not stop the start', async () => {
    const wrong: readonly [unknown, RegExp][] = [
      [
        { signin: ['id'] },
        /^answers: there is no answer "signin" to shape\. These can be: register,/,
      ],
      [{ login: ['id', 'acess_token'] }, /^answers\.login: there is no member "acess_token"/],
      [{ me: ['access_token'] }, /^answers\.me: there is no member "access_token"/],
      [{ login: 'id' }, /^answers\.login: give a function .* or a list/],
      [{ logout: ['id'] }, /^answers\.logout: give a function that makes the body\.$/],
    ];
    for (const [answers, message] of wrong) {
      const options = { ...testOptions(), answers: answers as RouteAnswers };
      await assert.rejects(createApp(options), { name: 'TypeError', message });
    }
  });
});

suite('sentences of the host', () => {
  test('stand in problem documents, of its own routes too; code and status stay', async () => {
    const server = await startHost(
      {
        details: { token_missing: 'Bitte anmelden.', email_taken: 'Already here!' },
        fields: { again: { type: 'repeat', of: 'password', detail: 'Not the same!' } },
      },
      (app) => app.get('/own', { onRequest: app.requireUser() }, () => ({})),
    );
    for (const path of ['/own', '/auth/me']) {
      const answer = await server.send(path);
      assertProblem(answer, 401);
      assert.deepEqual(
        [answer.body['code'], answer.body['detail']],
        ['token_missing', 'Bitte anmelden.'],
      );
    }
    const json = { email: 'jane@example.com', password: PASSWORD, again: PASSWORD };
    assert.equal((await server.send('/auth/register', { json })).status, 201);
    const taken = await server.send('/auth/register', { json });
    assertProblem(taken, 409);
    assert.equal(taken.body['detail'], 'Already here!');
    const differing = await server.send('/auth/register', { json: { ...json, again: 'other' } });
    assertProblem(differing, 400);
    assert.equal(differing.body['detail'], 'Not the same!');
    assert.deepEqual(differing.body['errors'], [{ field: 'again', detail: 'Not the same!' }]);
    // What was not given keeps its sentence.
    const wrong = await server.send('/auth/login', { json: { username: 'x', password: 'y' } });
    assert.equal(wrong.body['detail'], 'Incorrect username or password');
  });

  test('for codes that there are not stop the start', async () => {
    for (const [details, message] of [
      [{ tokenMissing: 'x' }, /^details: there is no code "tokenMissing"\. The codes are /],
      [{ token_missing: '' }, /^details\.token_missing: give a sentence/],
      [{ token_missing: 1 }, /^details\.token_missing: give a sentence/],
    ] as const) {
      const options = { ...testOptions(), details: details as object };
      await assert.rejects(createApp(options), { name: 'TypeError', message });
    }
  });
});

suite('a request with a cookie and without Origin or Sec-Fetch-Site', () => {
  for (const [accept, silent] of [
    ['refuse', 403],
    ['accept', 204],
  ] as const) {
    test(`is answered ${silent} where cookiesWithoutOrigin is ${accept}`, async () => {
      const server = await startServer({ cookiesWithoutOrigin: accept });
      await server.register('jane');
      const json = { username: 'jane', password: PASSWORD };
      for (const [headers, status] of [
        [{ origin: 'https://evil.example' }, 403],
        [{ origin: 'null' }, 403],
        [{ 'sec-fetch-site': 'cross-site' }, 403],
        [{ 'sec-fetch-site': 'same-site' }, 403],
        [{ 'sec-fetch-site': 'none' }, 403],
        [{}, silent],
      ] as const) {
        const login = await server.send('/auth/login?transport=cookie', { json });
        const cookies = Object.fromEntries(
          Object.entries(readCookies(login)).map(([name, { value }]) => [name, value]),
        );
        const answer = await server.send('/auth/logout', { method: 'POST', cookies, headers });
        assert.equal(answer.status, status, JSON.stringify(headers));
      }
    });
  }
});

suite('a token in the address', () => {
  let server: TestServer;
  let tokens: { access_token: string; refresh_token: string };
  before(async () => {
    server = await startHost({}, (app) =>
      app.get('/own', { onRequest: app.requireUser() }, () => ({})),
    );
    await server.register('jane');
    const { body } = await server.login('jane');
    tokens = { access_token: body['access_token'], refresh_token: body['refresh_token'] };
  });

  async function assertRefused(path: string, request = {}, sentence = /Authorization: Bearer …/) {
    const answer = await server.send(path, request);
    assertProblem(answer, 400, path);
    assert.equal(answer.body['code'], 'multiple_credentials', path);
    assert.match(answer.body['detail'], sentence, path);
  }

  test('is refused by its name, with a sentence that says how to send it', async () => {
    const { access_token: token, refresh_token } = tokens;
    const inBody = /in the body, as JSON: \{"refresh_token": "…"\}/;
    const json = { refresh_token };
    await assertRefused('/auth/refresh?refresh_token=x', { method: 'POST' }, inBody);
    await assertRefused(`/auth/refresh?a=b&refresh_token=${refresh_token}`, { json }, inBody);
    await assertRefused('/auth/refresh?refresh%5Ftoken=x', { json }, inBody);
    await assertRefused('/auth/logout?refresh_token', { json }, inBody);
    await assertRefused('/own?refresh_token=x', { token }, inBody);
    await assertRefused('/auth/login?access_token=x', { json: {} });
    await assertRefused('/auth/register?access_token=x', { json: {} });
  });

  test('is refused by what it is, whatever the name', async () => {
    const { access_token: token, refresh_token } = tokens;
    for (const path of ['/own', '/auth/me', '/auth/verify']) {
      await assertRefused(`${path}?token=${token}`);
      await assertRefused(`${path}?jwt=${token}`, { token });
      await assertRefused(`${path}?auth=Bearer+${token}`);
      await assertRefused(`${path}?auth=Bearer%20${token.replaceAll('.', '%2E')}`);
    }
    await assertRefused(`/auth/refresh?rt=${refresh_token}`, { method: 'POST' }, /in the body/);
    await assertRefused(`/auth/login?t=${token}`, { json: {} });
    const oauth = await server.send(`/auth/token?refresh_token=${refresh_token}`, {
      form: { grant_type: 'refresh_token', refresh_token },
    });
    assert.deepEqual([oauth.status, oauth.body['error']], [400, 'invalid_request']);
    const refreshed = await server.send('/auth/refresh', { json: { refresh_token } });
    assert.equal(refreshed.status, 200, 'a refused token is not used up');
  });

  test('is not mistaken for other parameters', async () => {
    const { access_token: token } = tokens;
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const invitation = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ invite: 1 })}.c2ln`;
    for (const query of [
      `invite=${invitation}`,
      'token=short',
      'token=a.b.c',
      'provider_access_token=x',
      'v=1.2.3',
      '%E0%A4%A',
      '',
    ]) {
      assert.equal((await server.send(`/own?${query}`, { token })).status, 200, query);
    }
  });
});
