import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { requireTokens } from 'latchkey/server';
import { assertOAuthError, assertProblem } from '../support/refusals.ts';
import { PASSWORD, readCookies, startHost, startServer } from '../support/server.ts';

const NEXT = 'battery staple';
const HERE = { 'sec-fetch-site': 'same-origin' };
const server = await startServer({ details: { password_change_required: 'Choose another one.' } });
const { send } = server;

let users = 0;
/** Registers a user who must set a new password, and signs in. */
async function challenge() {
  const username = `user${users++}`;
  const { body } = await server.register(username);
  await server.app.latchkey.users.requirePasswordChange(body['user'].id);
  const answer = await server.login(username);
  return { username, answer, token: String(answer.body['challenge']) };
}

suite('a required change of the password', () => {
  test('is told by 401 with a challenge and its lifetime', async () => {
    const { answer } = await challenge();
    assertProblem(answer, 401);
    const { challenge: token, ...problem } = answer.body;
    assert.match(token, /^lko_/);
    assert.deepEqual(problem, {
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'password_change_required',
      detail: 'Choose another one.',
      expires_in: 600,
    });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test('is done without a token, and answered as a login', async () => {
    const { username, token } = await challenge();
    const json = { challenge: token, new_password: NEXT };
    const answer = await send('/auth/password', { json });
    assert.equal(answer.status, 200, answer.text);
    const plain = await server.login(username, NEXT);
    assert.deepEqual(Object.keys(answer.body), Object.keys(plain.body));
    const me = await send('/auth/me', { token: answer.body['access_token'] });
    assert.equal(me.body['username'], username);
    const again = await send('/auth/password', { json });
    assertProblem(again, 401);
    assert.equal(again.body['code'], 'one_time_secret_refused');
  });

  test('is done beside cookies and tokens of sessions that ended, and sets new cookies', async () => {
    const username = `user${users++}`;
    const json = { username, password: PASSWORD };
    const registered = await send('/auth/register?transport=cookie', { json });
    const cookies = Object.fromEntries(
      Object.entries(readCookies(registered)).map(([name, { value }]) => [name, value]),
    );
    await server.app.latchkey.users.requirePasswordChange(registered.body['user'].id);
    const { body } = await send('/auth/login?transport=cookie', { json, cookies, headers: HERE });
    const change = { challenge: body['challenge'], new_password: NEXT };
    const url = '/auth/password?transport=cookie';
    const elsewhere = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    assertProblem(await send(url, { json: change, cookies, headers: elsewhere }), 403);
    const answer = await send(url, { json: change, cookies, headers: HERE });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['expires_in', 'user']);
    assert.equal(Object.keys(readCookies(answer)).length, 2);
  });

  test('is an error of the grant at the token endpoint, with what the next step takes', async () => {
    const { username } = await challenge();
    const form = { grant_type: 'password', username, password: PASSWORD };
    const answer = await send('/auth/token', { form });
    assertOAuthError(answer, 400);
    const { error, code, challenge: token, expires_in } = answer.body;
    assert.deepEqual([error, code, expires_in], ['invalid_grant', 'password_change_required', 600]);
    const json = { challenge: token, new_password: NEXT };
    assert.equal((await send('/auth/password', { json })).status, 200);
    const wrong = await send('/auth/token', { form });
    assert.deepEqual(Object.keys(wrong.body).sort(), ['error', 'error_description']);
  });

  test('opens the route to no other request', async () => {
    for (const request of [
      { json: { new_password: NEXT } },
      { json: { current_password: PASSWORD, new_password: NEXT } },
      { json: [] },
      { form: { challenge: 'x', new_password: NEXT } },
      { method: 'POST' },
    ]) {
      const answer = await send('/auth/password', request);
      assert.ok([401, 415].includes(answer.status), answer.text);
    }
    for (const json of [
      { challenge: 'x', new_password: NEXT },
      { challenge: '', new_password: NEXT },
      { challenge: null, new_password: NEXT },
      { challenge: 'x', new_password: NEXT, current_password: PASSWORD },
      { challenge: 'x'.repeat(300), new_password: NEXT },
    ]) {
      const answer = await send('/auth/password', { json });
      assert.ok([400, 401].includes(answer.status), answer.text);
    }
  });

  test("is told by a host's own route as well", async () => {
    const host = await startHost({ errors: 'all' }, (app) => {
      app.post('/own', async ({ body }, reply) => {
        const { auth, cookies } = app.latchkey;
        cookies.set(reply, requireTokens(await auth.loginRaw(body)));
        return {};
      });
    });
    const { body } = await host.register('jane');
    const json = { username: 'jane', password: PASSWORD };
    assert.equal((await host.send('/own', { json })).status, 200);
    await host.app.latchkey.users.requirePasswordChange(body['user'].id);
    const answer = await host.send('/own', { json });
    assertProblem(answer, 401);
    assert.match(answer.body['challenge'], /^lko_/);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });
});
