import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertProblem } from '../support/refusals.ts';
import { PASSWORD, readCookies, startHost, startServer } from '../support/server.ts';

const server = await startServer();
const { send, clock, app, login } = server;
const { users, audit } = app.latchkey;

let made = 0;

/** A user who has just signed in. */
async function signUp(
  options: { readonly email?: string; readonly roles?: readonly string[] } = {},
) {
  const username = `user${made++}`;
  const { id } = await users.create({ username, password: PASSWORD, ...options });
  const { body } = await login(username);
  return { id, username, token: body['access_token'], refreshToken: body['refresh_token'] };
}

suite('a user who changes the account', () => {
  const change = (token: string, json: unknown) =>
    send('/auth/me', { method: 'PATCH', token, json });

  test('gets the user, and signs in by the new name and no longer by the old one', async () => {
    const { id, username, token, refreshToken } = await signUp();
    const answer = await change(token, { username: 'Zoë-1', name: 'Zoë' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body['id'], id);
    assert.deepEqual([answer.body['username'], answer.body['name']], ['Zoë-1', 'Zoë']);
    // The token has the old name.
    assertProblem(await send('/auth/me', { token }), 401);
    const refreshed = await send('/auth/refresh', { json: { refresh_token: refreshToken } });
    assert.equal(app.latchkey.verify(refreshed.body['access_token']).username, 'Zoë-1');
    assert.equal((await login('zoë-1')).status, 200);
    assert.equal((await login(username)).status, 401);
    const { events } = await audit.list({ subjectId: id, types: ['user_updated'] });
    assert.deepEqual(
      events.map(({ actor, changes }) => ({ actor, changes })),
      [{ actor: { kind: 'user', id }, changes: { fields: ['username', 'name'] } }],
    );
  });

  test('keeps what is absent, and removes what is null', async () => {
    const { id, token } = await signUp({ email: 'kept@example.com' });
    await users.find({ id });
    assert.equal((await change(token, { username: null })).status, 200);
    const user = await users.find({ id });
    assert.deepEqual([user?.username, user?.email], [null, 'kept@example.com']);
  });

  test('needs one of username and address', async () => {
    const { token } = await signUp();
    assertProblem(await change(token, { username: null }), 400);
  });

  test('cannot take the name of another user, in any spelling', async () => {
    const [one, other] = [await signUp(), await signUp()];
    const taken = await change(one.token, { username: other.username.toUpperCase() });
    assertProblem(taken, 409);
    assert.equal((await send('/auth/me', { token: one.token })).status, 200, 'nothing was written');
  });

  test('cannot change address, roles, password or id here', async () => {
    const { id, token } = await signUp();
    const before = await users.find({ id });
    for (const json of [
      { email: 'new@example.com' },
      { roles: ['admin'] },
      { password: 'a new password' },
      { id: 'other' },
      { disabled_at: null },
      { name: 'x', passwordHash: '$2b$' },
      {},
      [],
      'name',
      null,
    ]) {
      assertProblem(await change(token, json), 400, JSON.stringify(json));
    }
    assert.deepEqual(await users.find({ id }), before);
  });

  test('needs a token that is valid now', async () => {
    const { id, token } = await signUp();
    assertProblem(await send('/auth/me', { method: 'PATCH', json: { name: 'x' } }), 401);
    await users.disable(id);
    assertProblem(await change(token, { name: 'x' }), 401);
  });
});

test('fields of the host are changed by their rules', async (t) => {
  const fields = {
    city: { type: 'string', maxLength: 5 },
    tenant: { type: 'string', required: true },
  } as const;
  const host = await startHost({ fields }, () => {});
  t.after(() => host.close());
  const { body } = await host.register('jane', { tenant: 'blue', city: 'Rome' });
  const token: string = body['access_token'];
  const change = (json: unknown) => host.send('/auth/me', { method: 'PATCH', token, json });
  assertProblem(await change({ city: 'Florence' }), 400);
  assertProblem(await change({ tenant: null }), 400);
  const answer = await change({ city: null, tenant: 'red' });
  assert.equal(answer.status, 200);
  assert.equal(answer.body['tenant'], 'red');
  assert.equal(answer.body['city'], undefined);
});

suite('a user who deletes the account', () => {
  const remove = (token: string) => send('/auth/me', { method: 'DELETE', token });

  test('is gone, with all sessions', async () => {
    const { id, username, token, refreshToken } = await signUp();
    const { body: other } = await login(username);
    assert.equal((await remove(token)).status, 204);
    assert.equal(await users.find({ id }), undefined);
    for (const it of [token, other['access_token']]) {
      assertProblem(await send('/auth/me', { token: it }), 401);
    }
    for (const it of [refreshToken, other['refresh_token']]) {
      assertProblem(await send('/auth/refresh', { json: { refresh_token: it } }), 401);
    }
    assert.equal((await login(username)).status, 401);
    const { events } = await audit.list({ subjectId: id, types: ['user_deleted'] });
    assert.deepEqual(
      events.map(({ actor, address }) => ({ actor, address })),
      [{ actor: { kind: 'user', id }, address: null }],
    );
  });

  test('must have authenticated within ten minutes, to the second', async () => {
    const { id, username, token, refreshToken } = await signUp();
    clock.step(600);
    const { body: later } = await login(username);
    clock.step(1);
    const refused = await remove(token);
    assertProblem(refused, 401);
    assert.equal(refused.body['code'], 'insufficient_user_authentication');
    const refreshed = await send('/auth/refresh', { json: { refresh_token: refreshToken } });
    assertProblem(await remove(refreshed.body['access_token']), 401);
    assert.ok(await users.find({ id }));
    assert.equal((await remove(later['access_token'])).status, 204);
  });

  test('has no cookies left', async () => {
    const { username } = await signUp();
    const json = { username, password: PASSWORD };
    const signedIn = await send('/auth/login?transport=cookie', { json });
    const cookies = Object.fromEntries(
      Object.entries(readCookies(signedIn)).map(([name, { value }]) => [name, value]),
    );
    const headers = { 'sec-fetch-site': 'same-origin' };
    const answer = await send('/auth/me', { method: 'DELETE', cookies, headers });
    assert.equal(answer.status, 204);
    const cleared = Object.entries(readCookies(answer)).filter(([, { value }]) => value === '');
    assert.equal(cleared.length, 2);
  });

  test('stays if no other administrator is left', async () => {
    const first = await signUp({ roles: ['admin'] });
    const refused = await remove(first.token);
    assertProblem(refused, 403);
    assert.equal(refused.body['code'], 'last_administrator');
    const second = await signUp({ roles: ['admin'] });
    await users.disable(second.id);
    assertProblem(await remove(first.token), 403);
    await users.enable(second.id);
    assert.equal((await remove(first.token)).status, 204);
    assert.equal(await users.find({ id: first.id }), undefined);
  });
});
