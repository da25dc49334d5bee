import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { jwtVerify } from 'jose';
import { type RunningExample, startExample } from '../support/example.ts';
import { assertProblem } from '../support/refusals.ts';
import type { TestAnswer } from '../support/server.ts';
import { loginProtectedRefresh } from './originals/login-protected-refresh.ts';
import { testCommands, testExchanges } from './originals/send-all.ts';

const SECRET = 'qZ8vYtR3nB1mKx6Wd0sLc7HfJ4gPuEa2';
const JOHN = { username: 'johndoe', password: 'password123' };
const DAY = 24 * 60 * 60;

suite('login-protected-refresh', () => {
  let example: RunningExample;
  before(async () => {
    example = await startExample('login-protected-refresh', { JWT_SECRET: SECRET });
  });

  async function assertTokens(answer: TestAnswer, username: string) {
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const { access_token, refresh_token, ...others } = answer.body;
    assert.deepEqual(others, { token_type: 'bearer' });
    const { payload } = await jwtVerify(access_token, Buffer.from(SECRET), {
      algorithms: ['HS256'],
    });
    assert.equal(typeof payload.sub, 'string');
    assert.equal(payload['username'], username);
    assert.equal(Number(payload.exp) - Number(payload.iat), 300);
    const refresh = JSON.parse(
      Buffer.from(refresh_token.split('.')[1] ?? '', 'base64url').toString(),
    );
    assert.equal(refresh.exp - refresh.iat, DAY);
  }

  testExchanges(loginProtectedRefresh, () => example);
  testCommands(() => example);

  for (const form of [JOHN, { username: 'janedoe', password: 'password456' }]) {
    test(`signs ${form.username} in by form`, async () => {
      await assertTokens(await example.send('/login', { form }), form.username);
    });
  }

  test('takes the login form of OAuth clients, and JSON too', async () => {
    const form = { grant_type: 'password', scope: '', client_id: '', client_secret: '', ...JOHN };
    await assertTokens(await example.send('/login', { form }), 'johndoe');
    await assertTokens(await example.send('/login', { json: JOHN }), 'johndoe');
  });

  for (const form of [
    { ...JOHN, password: 'password456' },
    { ...JOHN, username: 'nobody' },
  ]) {
    test(`refuses ${form.username} with ${form.password}`, async () => {
      const answer = await example.send('/login', { form });
      assertProblem(answer, 401);
      assert.equal(answer.body['detail'], 'Incorrect username or password');
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    });
  }

  test('lets only the signed-in through', async () => {
    const { body: tokens } = await example.send('/login', { form: JOHN });
    const { status, body } = await example.send('/protected', { token: tokens['access_token'] });
    assert.deepEqual([status, body], [200, { message: 'You are accessing a protected route.' }]);
    assertProblem(await example.send('/protected'), 401);
    assertProblem(await example.send('/protected', { token: tokens['refresh_token'] }), 401);
  });

  test('refreshes', async () => {
    const { body: tokens } = await example.send('/login', { form: JOHN });
    const { refresh_token } = tokens;
    const refreshed = await example.send('/token/refresh', { json: { refresh_token } });
    await assertTokens(refreshed, 'johndoe');
    assert.notEqual(refreshed.body['access_token'], tokens['access_token']);
    const token = refreshed.body['access_token'];
    assert.equal((await example.send('/protected', { token })).status, 200);
  });

  test('refuses to refresh with anything else', async () => {
    const { body: tokens } = await example.send('/login', { form: JOHN });
    const access = { refresh_token: tokens['access_token'] };
    assertProblem(await example.send('/token/refresh', { json: access }), 401);
    assertProblem(await example.send('/token/refresh', { json: {} }), 401);
    assertProblem(await example.send('/token/refresh', { json: { token: 'x' } }), 400);
  });

  test('has no registration', async () => {
    const json = { username: 'mallory', password: 'correct horse' };
    assert.equal((await example.send('/auth/register', { json })).status, 404);
  });

  test('ends on SIGTERM and leaves nothing behind', async () => {
    assert.doesNotMatch(example.process.output(), /JWT_SECRET/);
    await example.end('SIGTERM');
  });
});

test('login-protected-refresh makes a secret where there is none, and says so', async () => {
  const example = await startExample('login-protected-refresh');
  assert.match(example.process.output(), /^JWT_SECRET is not set: signing with a random one\.$/m);
  const { body } = await example.send('/login', { form: JOHN });
  assert.equal((await example.send('/protected', { token: body['access_token'] })).status, 200);
  await example.end('SIGINT');
});
