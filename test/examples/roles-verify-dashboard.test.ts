import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { findFreePort, type RunningExample, startExample } from '../support/example.ts';
import { assertProblem } from '../support/refusals.ts';
import type { TestAnswer } from '../support/server.ts';
import { rolesVerifyDashboard } from './originals/roles-verify-dashboard.ts';
import { testCommands, testExchanges } from './originals/send-all.ts';

const JOHN = { username: 'johndoe', password: 'password456' };
const JANE = { username: 'janedoe', password: 'password123' };

suite('roles-verify-dashboard', () => {
  let example: RunningExample;
  let verifier: RunningExample;

  before(async () => {
    const port = await findFreePort();
    example = await startExample('roles-verify-dashboard', { PORT: port });
    verifier = await startExample('roles-verify-dashboard-verifier', { ISSUER: example.url });
  });

  async function signIn(form: typeof JANE): Promise<string> {
    const { status, body } = await example.send('/auth/login', { form });
    assert.equal(status, 200);
    assert.equal(body['token_type'], 'bearer');
    return body['access_token'];
  }

  function verify(token: string): Promise<TestAnswer> {
    return example.send(`/auth/verify?token=${encodeURIComponent(token)}`);
  }

  function assertRevoked(answer: TestAnswer): void {
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'token_revoked');
  }

  testExchanges(rolesVerifyDashboard, () => example);
  testCommands(() => example);

  test('refuses a wrong password', async () => {
    const form = { ...JANE, password: JOHN.password };
    assertProblem(await example.send('/auth/login', { form }), 401);
  });

  for (const [form, role] of [
    [JOHN, 'admin'],
    [JANE, 'user'],
  ] as const) {
    test(`writes the role ${role} into the token, and the public key proves it`, async () => {
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', example.url));
      const { payload, protectedHeader } = await jwtVerify(await signIn(form), keys, {
        issuer: example.url,
        audience: example.url,
      });
      assert.equal(protectedHeader.alg, 'ES256');
      assert.deepEqual([payload['username'], payload['role']], [form.username, role]);
      assert.equal(Number(payload.exp) - Number(payload.iat), 30 * 60);
    });
  }

  test('names the user of a token', async () => {
    const { status, body } = await verify(await signIn(JANE));
    assert.equal(status, 200);
    assert.deepEqual(body, { user: 'janedoe' });
  });

  for (const query of ['', '?token=', '?token=a.b.c', '?token=a&token=b', '?token[a]=b']) {
    test(`answers GET /auth/verify${query} with 401`, async () => {
      const answer = await example.send(`/auth/verify${query}`);
      assertProblem(answer, 401);
      assert.equal(answer.body['detail'], 'Invalid or expired token');
    });
  }

  test('greets the bearer by name', async () => {
    const { status, body } = await example.send('/dashboard', { token: await signIn(JANE) });
    assert.equal(status, 200);
    assert.deepEqual(body, { message: 'Welcome janedoe! This is a protected route.' });
    assertProblem(await example.send('/dashboard'), 401);
  });

  test('lets one role in and no other', async () => {
    assert.equal((await example.send('/admin', { token: await signIn(JOHN) })).status, 200);
    const refused = await example.send('/admin', { token: await signIn(JANE) });
    assertProblem(refused, 403);
    assert.equal(refused.body['code'], 'insufficient_role');
    assertProblem(await example.send('/admin'), 401);
  });

  test('revokes one token immediately, and no other', async () => {
    const { body } = await example.send('/auth/login', { form: JANE });
    const { access_token: token, refresh_token } = body;
    const other = await signIn(JANE);
    assert.equal((await example.send('/revoke', { method: 'POST', token })).status, 204);
    assertRevoked(await example.send('/dashboard', { token }));
    assertRevoked(await verify(token));
    assertRevoked(await example.send('/revoke', { method: 'POST', token }));
    assert.equal((await example.send('/dashboard', { token: other })).status, 200);
    // The session lives on: its refresh token still buys a token that is another.
    const refreshed = await example.send('/auth/refresh', { json: { refresh_token } });
    const { access_token } = refreshed.body;
    assert.equal((await example.send('/dashboard', { token: access_token })).status, 200);
    assertProblem(await example.send('/revoke', { method: 'POST' }), 401);
  });

  test('a second process verifies the same tokens by itself', async () => {
    const token = await signIn(JOHN);
    const { status, body } = await verifier.send('/whoami', { token });
    assert.deepEqual([status, body], [200, { user: 'johndoe', role: 'admin' }]);
    const altered = token.replace(/.{4}$/, (end) => [...end].reverse().join(''));
    const { refresh_token } = (await example.send('/auth/login', { form: JOHN })).body;
    for (const wrong of [altered, refresh_token, 'garbage']) {
      const refused = await verifier.send('/whoami', { token: wrong });
      assert.equal(refused.status, 401);
      assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    }
    assert.equal((await verifier.send('/whoami')).status, 401);
  });

  test('the second process works without the first', async () => {
    const token = await signIn(JANE);
    await example.end('SIGTERM');
    assert.equal((await verifier.send('/whoami', { token })).status, 200);
    await verifier.end('SIGINT');
  });
});
