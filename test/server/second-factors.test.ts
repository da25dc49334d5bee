import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Secret, TOTP } from 'otpauth';
import { assertOAuthError, assertProblem } from '../support/refusals.ts';
import { PASSWORD, readCookies, startServer, type TestAnswer } from '../support/server.ts';

const server = await startServer();
const { send, clock } = server;
const HERE = { 'sec-fetch-site': 'same-origin' };

let users = 0;

/** Another code each time, as the steps of a clock that stands still do not pass. */
function showCode(secret: string): string {
  clock.step(30);
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.ms });
}

/** A user with an authenticator. */
async function enrol() {
  const username = `user${users++}`;
  const { body } = await server.register(username);
  const token: string = body['access_token'];
  const added = await send('/auth/mfa/totp', { token, json: { name: 'Phone' } });
  assert.equal(added.status, 200, added.text);
  const { id, secret }: Record<string, string> = added.body;
  assert.ok(id !== undefined && secret !== undefined);
  const code = showCode(secret);
  const confirmed = await send(`/auth/mfa/totp/${id}`, { token, json: { code } });
  assert.equal(confirmed.status, 200, confirmed.text);
  const login = () => server.login(username);
  const answer = async (challenge: unknown, transport = 'body') =>
    send(`/auth/mfa?transport=${transport}`, {
      json: { challenge, method: 'totp', code: showCode(secret) },
      headers: HERE,
    });
  return { username, token, id, secret, code, added, confirmed, login, answer };
}

function assertFactorRequired(answer: TestAnswer): string {
  assertProblem(answer, 401);
  const { challenge, detail, ...problem } = answer.body;
  assert.match(challenge, /^lko_challenge_/);
  assert.match(detail, /second factor/);
  assert.deepEqual(problem, {
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    code: 'mfa_required',
    expires_in: 600,
    methods: ['totp', 'recovery_code'],
    enroll: [],
  });
  assert.deepEqual(answer.headers.getSetCookie(), []);
  return challenge;
}

suite('second factors', () => {
  test('are added, confirmed, listed and removed', async () => {
    const { token, id, code, added, confirmed, username } = await enrol();
    assert.deepEqual(Object.keys(added.body).sort(), ['id', 'qr', 'secret', 'uri']);
    assert.equal(added.headers.get('cache-control'), 'no-store');
    const { recovery_codes, ...factor } = confirmed.body;
    assert.equal(recovery_codes.length, 10);
    assert.deepEqual([factor['id'], factor['kind'], factor['name']], [id, 'totp', 'Phone']);
    const listed = await send('/auth/mfa', { token });
    assert.deepEqual(listed.body, { factors: [factor], recovery_codes_left: 10 });
    assert.ok(!listed.text.includes('secret'));
    assertProblem(await send(`/auth/mfa/totp/${id}`, { token, json: { code } }), 404);
    const renewed = await send('/auth/mfa/recovery-codes', { token, method: 'POST' });
    assert.equal(renewed.body['recovery_codes'].length, 10);
    assert.notDeepEqual(renewed.body['recovery_codes'], recovery_codes);
    const removed = await send(`/auth/mfa/totp/${id}`, { token, method: 'DELETE' });
    assert.equal(removed.status, 204);
    assert.equal((await server.login(username)).status, 200);
  });

  test('are asked for by 401, and answered as a login', async () => {
    const { username, login, answer } = await enrol();
    const done = await answer(assertFactorRequired(await login()));
    assert.equal(done.status, 200, done.text);
    assert.deepEqual(Object.keys(done.body).sort(), [
      'access_token',
      'expires_in',
      'refresh_token',
      'token_type',
    ]);
    const me = await send('/auth/me', { token: done.body['access_token'] });
    assert.equal(me.body['username'], username);

    const form = await send('/auth/login', { form: { username, password: PASSWORD } });
    assertFactorRequired(form);
    const json = { username, password: PASSWORD };
    const asked = await send('/auth/login?transport=cookie', { json, headers: HERE });
    const byCookie = await answer(assertFactorRequired(asked), 'cookie');
    assert.equal(byCookie.status, 200, byCookie.text);
    assert.ok(Object.keys(readCookies(byCookie)).length >= 2);
    assert.deepEqual(Object.keys(byCookie.body).sort(), ['expires_in', 'user']);
  });

  test('are asked for at the token endpoint in its own words', async () => {
    const { username, answer } = await enrol();
    const form = { grant_type: 'password', username, password: PASSWORD };
    const asked = await send('/auth/token', { form });
    assertOAuthError(asked, 400);
    const { error, code, methods, enroll, expires_in, challenge } = asked.body;
    assert.deepEqual(
      [error, code, methods, enroll, expires_in],
      ['invalid_grant', 'mfa_required', ['totp', 'recovery_code'], [], 600],
    );
    assert.equal((await answer(challenge)).status, 200);
  });

  test('open nothing while a challenge is open', async () => {
    const { username, token, id, login } = await enrol();
    const before = (await send('/auth/sessions', { token })).body['sessions'].length;
    const asked = await login();
    const challenge = assertFactorRequired(asked);
    // Every value that came on the way, wherever a token or a secret is taken.
    const values = [challenge, challenge.split('_').at(-1) ?? ''];
    for (const value of values) {
      const bearer = ['/auth/me', '/auth/sessions', '/auth/mfa', '/auth/verify'].map((path) =>
        send(path, { token: value }),
      );
      const bodies = [
        send('/auth/refresh', { json: { refresh_token: value } }),
        send('/auth/password', { json: { challenge: value, new_password: 'battery staple' } }),
        send('/auth/reauthenticate', { token: value, json: { password: PASSWORD } }),
        send('/auth/mfa/totp', { token: value, json: { name: 'Thief' } }),
        send(`/auth/mfa/totp/${id}`, { method: 'DELETE', token: value }),
        send('/auth/mfa/recovery-codes', { method: 'POST', token: value }),
        send('/auth/logout', { json: { refresh_token: value } }),
        send('/auth/me', { cookies: { '__Host-access_token': value, access_token: value } }),
        send('/auth/token', { form: { grant_type: 'refresh_token', refresh_token: value } }),
      ];
      for (const refused of await Promise.all([...bearer, ...bodies])) {
        assert.ok([400, 401].includes(refused.status), refused.text);
        assert.ok(!refused.text.includes('access_token"'), refused.text);
      }
    }
    const after = (await send('/auth/sessions', { token })).body['sessions'].length;
    assert.equal(after, before);
    assert.equal((await send('/auth/me', { token })).body['username'], username);
  });

  test('refuse wrong codes and wrong input', async () => {
    const { login, secret } = await enrol();
    const challenge = assertFactorRequired(await login());
    for (const json of [
      { challenge, method: 'totp' },
      { challenge, method: 'sms', code: '123456' },
      { method: 'totp', code: '123456' },
      { challenge, method: 'totp', code: 123456 },
      { challenge, method: 'totp', code: '123456', extra: 1 },
    ]) {
      assertProblem(await send('/auth/mfa', { json }), 400);
    }
    const code = showCode(secret) === '000000' ? '000001' : '000000';
    for (let tries = 0; tries < 5; tries++) {
      const refused = await send('/auth/mfa', { json: { challenge, method: 'totp', code } });
      assertProblem(refused, 401);
      assert.equal(refused.body['code'], 'invalid_code');
    }
    const right = { challenge, method: 'totp', code: showCode(secret) };
    const ended = await send('/auth/mfa', { json: right });
    assert.equal(ended.body['code'], 'one_time_secret_refused');
  });

  test('reauthenticate a session, where a password does not', async () => {
    const { token, secret, id } = await enrol();
    clock.step(601);
    const stale = await send(`/auth/mfa/totp/${id}`, { token, method: 'DELETE' });
    assertProblem(stale, 401);
    assert.deepEqual(
      [stale.body['code'], stale.body['max_age'], stale.body['acr_values']],
      ['insufficient_user_authentication', 600, 'mfa'],
    );
    assert.match(stale.headers.get('www-authenticate') ?? '', /acr_values="mfa"/);
    const byPassword = await send('/auth/reauthenticate', { token, json: { password: PASSWORD } });
    assert.equal(byPassword.body['acr_values'], 'mfa');
    const json = { method: 'totp', code: showCode(secret) };
    const renewed = await send('/auth/reauthenticate', { token, json });
    assert.equal(renewed.status, 200, renewed.text);
    const fresh: string = renewed.body['access_token'];
    const change = { current_password: PASSWORD, new_password: 'battery staple' };
    assert.equal((await send('/auth/password', { token: fresh, json: change })).status, 200);
  });
});
