import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { getRaw } from '../support/raw-http.ts';
import { assertProblem } from '../support/refusals.ts';
import { ISSUER, PASSWORD, startServer, type TestAnswer } from '../support/server.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const server = await startServer();
const { send, clock } = server;

function assertGuarded(answer: TestAnswer): void {
  const { headers } = answer;
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('x-frame-options'), 'DENY');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'/);
  assert.equal(headers.get('x-powered-by'), null);
}

/** The status, and the headers that every answer of the API carries. */
function assertAnswer(answer: TestAnswer, status: number): void {
  assert.equal(answer.status, status, answer.text);
  assertGuarded(answer);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  if (status === 204) assert.equal(answer.text, '');
  else if (answer.text !== '') {
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  }
}

const TOKEN_MEMBERS = ['access_token', 'expires_in', 'refresh_token', 'token_type'];

function assertTokens(answer: TestAnswer, ...more: string[]): void {
  assert.deepEqual(Object.keys(answer.body).sort(), [...TOKEN_MEMBERS, ...more].sort());
  assert.equal(answer.body['token_type'], 'bearer');
  assert.equal(answer.body['expires_in'], 900);
}

async function isSignedIn(token: string): Promise<boolean> {
  const { status } = await send('/auth/me', { token });
  assert.ok(status === 200 || status === 401);
  return status === 200;
}

async function signUp(username: string) {
  const { body } = await server.register(username);
  return {
    id: String(body['user'].id),
    access: body['access_token'],
    refresh: body['refresh_token'],
  };
}

async function signIn(username: string, password = PASSWORD) {
  const { body } = await server.login(username, password);
  return { access: body['access_token'], refresh: body['refresh_token'] };
}

suite('register', () => {
  test('answers 201 with the user and its tokens', async () => {
    const answer = await send('/auth/register', {
      json: { username: 'Jane', email: 'Jane@Example.com', name: 'Jane Doe', password: PASSWORD },
    });
    assertAnswer(answer, 201);
    assertTokens(answer, 'user');
    const { id, ...user } = answer.body['user'];
    assert.match(id, UUID_V7);
    assert.deepEqual(user, {
      username: 'Jane',
      email: 'Jane@Example.com',
      name: 'Jane Doe',
      roles: [],
      created_at: new Date(clock.now()).toISOString(),
    });
  });

  test('takes a username alone, or an email address alone', async () => {
    assertAnswer(
      await send('/auth/register', { json: { username: 'solo', password: PASSWORD } }),
      201,
    );
    const answer = await send('/auth/register', {
      json: { email: 'solo@example.com', password: PASSWORD },
    });
    assertAnswer(answer, 201);
    assert.equal(answer.body['user'].username, null);
  });

  test('refuses a name or an address that is taken, in any spelling', async () => {
    await send('/auth/register', {
      json: { username: 'taken', email: 'taken@example.com', password: PASSWORD },
    });
    const username = await server.register('TAKEN');
    assert.equal(username.status, 409);
    assert.equal(username.body['code'], 'username_taken');
    const email = await server.register('other', { email: 'Taken@EXAMPLE.com' });
    assert.equal(email.status, 409);
    assert.equal(email.body['code'], 'email_taken');
    assert.equal((await server.login('other')).status, 401);
  });

  test('answers 403 to every request where registration is closed', async () => {
    const { send, app } = await startServer({ registration: 'closed' });
    await app.latchkey.users.create({ username: 'jane', password: PASSWORD });
    const texts = new Set<string>();
    for (const username of ['jane', 'john', '', null]) {
      const answer = await send('/auth/register', { json: { username, password: PASSWORD } });
      assertProblem(answer, 403);
      assert.equal(answer.body['code'], 'registration_closed');
      texts.add(answer.text);
    }
    assert.equal(texts.size, 1);
  });

  test('says which rule a password breaks', async () => {
    const { send } = await startServer();
    const json = { username: 'jane', password: 'Password1' };
    const answer = await send('/auth/register', { json });
    assertProblem(answer, 400);
    const [error] = answer.body['errors'];
    assert.equal(error.field, 'password');
    assert.equal(error.code, 'password_common');
    assert.match(error.detail, /common password.* Choose another/);
  });

  test('creates one user for many simultaneous requests for one name', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.register('wanted')));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
  });
});

suite('login', () => {
  test('takes JSON and a form, a username and an email address', async () => {
    await send('/auth/register', {
      json: { username: 'lou', email: 'lou@example.com', password: PASSWORD },
    });
    const bodies = [
      { json: { username: 'lou', password: PASSWORD } },
      { json: { email: 'LOU@example.com', password: PASSWORD } },
      { json: { username: 'lou@example.com', password: PASSWORD } },
      { form: { username: 'LOU', password: PASSWORD } },
      { form: { username: 'lou', password: PASSWORD, grant_type: 'password', client_id: 'x' } },
      { form: { email: 'lou@example.com', password: PASSWORD } },
    ];
    for (const body of bodies) {
      const answer = await send('/auth/login', body);
      assertAnswer(answer, 200);
      assertTokens(answer);
    }
  });

  test('tells neither whether the user is unknown nor whether the password is wrong', async () => {
    await server.register('known');
    const wrong = await server.login('known', 'not the password');
    const unknown = await server.login('unknown', 'not the password');
    assert.equal(wrong.status, 401);
    assert.deepEqual(wrong.body, unknown.body);
    assert.equal(wrong.body['code'], 'invalid_credentials');
    assert.equal(wrong.body['detail'], 'Incorrect username or password');
    assert.equal(wrong.headers.get('www-authenticate'), 'Bearer');
  });

  test('takes a password as it is, however its accents are composed', async () => {
    const password = ' pässwörd\u0001 with spaces ';
    await server.register('exact', { password });
    assert.equal((await server.login('exact', password)).status, 200);
    assert.equal((await server.login('exact', password.trim())).status, 401);
    assert.equal((await server.login('exact', password.normalize('NFD'))).status, 200);
    const long = 'x'.repeat(72);
    await server.register('long', { password: `${long}a` });
    assert.equal((await server.login('long', `${long}b`)).status, 401);
    assert.equal((await server.login('long', `${long}a`)).status, 200);
  });

  test('says that an account is disabled only to who knows the password', async () => {
    const { id } = await signUp('barred');
    await server.app.latchkey.users.disable(id);
    const known = await server.login('barred');
    assert.equal(known.status, 403);
    assert.equal(known.body['code'], 'account_disabled');
    assert.equal((await server.login('barred', 'not the password')).status, 401);
  });
});

suite('access tokens', () => {
  test('are what RFC 9068 says, by the judgement of another library with our public keys', async () => {
    const { body } = await server.register('claims');
    const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(body['access_token'], jwks, {
      issuer: ISSUER,
      audience: ISSUER,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: new Date(clock.now()),
    });
    const now = Math.floor(clock.now() / 1000);
    const { jti, sid, ...claims } = payload;
    assert.deepEqual(claims, {
      iss: ISSUER,
      aud: ISSUER,
      sub: body['user'].id,
      client_id: 'latchkey',
      iat: now,
      exp: now + 900,
      auth_time: now,
      amr: ['pwd'],
      username: 'claims',
    });
    assert.match(String(jti), /^[\w-]{20}\.0$/);
    assert.match(String(sid), UUID_V7);
    assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
  });

  test('differ from sign-in to sign-in, and the refresh token is of another kind', async () => {
    await server.register('twice');
    const [one, two] = [await signIn('twice'), await signIn('twice')];
    assert.notEqual(one.access, two.access);
    const header = JSON.parse(Buffer.from(one.refresh.split('.')[0], 'base64url').toString());
    assert.equal(header.typ, 'rt+jwt');
    assert.equal(header.alg, 'HS256');
  });

  test('are verified by keys that caches drop well before a new one signs', async () => {
    const short = await startServer({ keyRotation: { lead: '41s' } });
    for (const path of ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']) {
      const answer = await short.send(path);
      assert.equal(answer.headers.get('cache-control'), 'public, max-age=20');
    }
    await short.close();
  });

  test('verify with the public keys, of which nothing private is shown', async () => {
    const answer = await send('/.well-known/jwks.json');
    assert.equal(answer.status, 200);
    assertGuarded(answer);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/jwk-set\+json/);
    assert.match(answer.headers.get('cache-control') ?? '', /^public, max-age=\d+$/);
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=300');
    const { keys } = answer.body;
    assert.equal(keys.length, 1);
    assert.deepEqual(Object.keys(keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});

suite('the metadata', () => {
  test('is that of RFC 8414', async () => {
    const answer = await send('/.well-known/oauth-authorization-server');
    assert.equal(answer.status, 200);
    assertGuarded(answer);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(answer.body, {
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/auth/token`,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      introspection_endpoint: `${ISSUER}/auth/introspect`,
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
      revocation_endpoint: `${ISSUER}/auth/revoke`,
      revocation_endpoint_auth_methods_supported: ['none'],
      revocation_feed_endpoint: `${ISSUER}/auth/revocations`,
      response_types_supported: [],
      grant_types_supported: ['password', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    });
  });

  test('keeps the path of the issuer', async () => {
    const { send: ask, close } = await startServer({ issuer: 'https://example.com/accounts' });
    const { body } = await ask('/.well-known/oauth-authorization-server');
    assert.equal(body['token_endpoint'], 'https://example.com/accounts/auth/token');
    await close();
  });
});

suite('the token endpoint', () => {
  test('grants by password and by refresh token', async () => {
    await server.register('oauth');
    const form = { grant_type: 'password', username: 'oauth', password: PASSWORD, scope: '' };
    const granted = await send('/auth/token', { form });
    assertAnswer(granted, 200);
    assertTokens(granted);
    assert.equal(granted.headers.get('pragma'), 'no-cache');
    const refreshed = await send('/auth/token', {
      form: { grant_type: 'refresh_token', refresh_token: granted.body['refresh_token'] },
    });
    assertAnswer(refreshed, 200);
    assertTokens(refreshed);
    assert.equal(await isSignedIn(refreshed.body['access_token']), true);
  });

  test('ignores parameters it does not know, as RFC 6749 section 3.2 demands', async () => {
    await server.register('extra');
    const form = { grant_type: 'password', username: 'extra', password: PASSWORD };
    const unknown = { roles: 'admin', id: '1', __proto__x: 'y', client_secret: 's' };
    assertAnswer(await send('/auth/token', { form: { ...form, ...unknown } }), 200);
    const { body } = await send('/auth/token', {
      form: `${new URLSearchParams(form)}&__proto__=x`,
    });
    assertTokens({ body } as TestAnswer);
  });

  test('answers failures in the words of RFC 6749 section 5.2', async () => {
    const { refresh, access } = await signUp('words');
    await send('/auth/logout', { method: 'POST', token: access });
    const cases: [Record<string, string>, string][] = [
      [{}, 'invalid_request'],
      [{ grant_type: '' }, 'invalid_request'],
      [{ grant_type: 'authorization_code' }, 'unsupported_grant_type'],
      [{ grant_type: 'password' }, 'invalid_request'],
      [{ grant_type: 'password', username: 'words' }, 'invalid_request'],
      [{ grant_type: 'password', username: 'words', password: '' }, 'invalid_request'],
      [{ grant_type: 'password', username: 'words', password: 'wrong' }, 'invalid_grant'],
      [{ grant_type: 'password', username: 'nobody', password: 'wrong' }, 'invalid_grant'],
      [
        { grant_type: 'password', username: 'words', password: PASSWORD, scope: '"' },
        'invalid_request',
      ],
      [{ grant_type: 'refresh_token' }, 'invalid_request'],
      [{ grant_type: 'refresh_token', refresh_token: '' }, 'invalid_request'],
      [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
      [{ grant_type: 'refresh_token', refresh_token: access }, 'invalid_grant'],
      [{ grant_type: 'refresh_token', refresh_token: refresh }, 'invalid_grant'],
    ];
    for (const [form, error] of cases) {
      const answer = await send('/auth/token', { form });
      assertAnswer(answer, 400);
      assert.deepEqual(Object.keys(answer.body).sort(), ['error', 'error_description']);
      assert.equal(answer.body['error'], error, JSON.stringify(form));
      assert.match(answer.body['error_description'], /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
      assert.equal(answer.headers.get('www-authenticate'), null);
    }
  });
});

suite('refresh', () => {
  test('gives a fresh access token, and a new refresh token once per grace window', async () => {
    const { refresh, access } = await signUp('fresh');
    const young = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assertAnswer(young, 200);
    assertTokens(young);
    assert.equal(young.body['refresh_token'], refresh);
    assert.notEqual(young.body['access_token'], access);

    clock.step(31);
    const rotated = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.notEqual(rotated.body['refresh_token'], refresh);
    const again = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(again.body['refresh_token'], rotated.body['refresh_token']);
  });

  test('ends the session when an old refresh token comes back', async () => {
    const { refresh } = await signUp('stolen');
    clock.step(31);
    const rotated = await send('/auth/refresh', { json: { refresh_token: refresh } });
    clock.step(31);
    const next = await send('/auth/refresh', {
      json: { refresh_token: rotated.body['refresh_token'] },
    });
    assert.equal(next.status, 200);
    const replay = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(replay.status, 401);
    assert.equal(replay.body['code'], 'refresh_token_reused');
    assert.equal(await isSignedIn(next.body['access_token']), false);
    const owner = await send('/auth/refresh', {
      json: { refresh_token: next.body['refresh_token'] },
    });
    assert.equal(owner.status, 401);
    assert.equal(owner.body['code'], 'session_ended');
  });

  test('says why it refuses', async () => {
    const { id, refresh } = await signUp('why');
    const refused = async (token: string) =>
      (await send('/auth/refresh', { json: { refresh_token: token } })).body['code'];
    assert.equal(
      (await send('/auth/refresh', { method: 'POST' })).body['code'],
      'refresh_token_missing',
    );
    assert.equal((await send('/auth/refresh', { json: {} })).body['code'], 'refresh_token_missing');
    assert.equal(await refused('x.y.z'), 'refresh_token_invalid');
    await server.app.latchkey.users.delete(id);
    assert.equal(await refused(refresh), 'user_gone');
    const late = await signUp('late');
    clock.step(31 * 24 * 3600);
    assert.equal(await refused(late.refresh), 'refresh_token_expired');
  });
});

suite('logout', () => {
  test('refuses the access token and the refresh token immediately', async () => {
    const { access, refresh } = await signUp('leaver');
    assert.equal(await isSignedIn(access), true);
    assertAnswer(await send('/auth/logout', { method: 'POST', token: access }), 204);
    const refused = await send('/auth/me', { token: access });
    assert.equal(refused.status, 401);
    assert.equal(refused.body['code'], 'token_revoked');
    const { body } = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(body['code'], 'session_ended');
  });

  test('takes the refresh token where the access token has expired', async () => {
    const { access, refresh } = await signUp('sleeper');
    clock.step(3600);
    assert.equal((await send('/auth/logout', { method: 'POST', token: access })).status, 401);
    assertAnswer(await send('/auth/logout', { json: { refresh_token: refresh } }), 204);
    const { body } = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(body['code'], 'session_ended');
  });

  test('leaves other sessions alone, and takes an empty JSON object for nothing', async () => {
    const one = await signUp('two-devices');
    const two = await signIn('two-devices');
    assertAnswer(await send('/auth/logout', { json: {}, token: one.access }), 204);
    assert.equal(await isSignedIn(one.access), false);
    assert.equal(await isSignedIn(two.access), true);
  });

  test('asks for a token', async () => {
    const answer = await send('/auth/logout', { method: 'POST' });
    assert.equal(answer.status, 401);
    assert.equal(answer.body['code'], 'token_missing');
    const all = await send('/auth/logout/all', { method: 'POST' });
    assert.equal(all.status, 401);
  });

  test('everywhere ends every session of the user and of no other user', async () => {
    const sessions = [await signUp('everywhere'), await signIn('everywhere')];
    const other = await signUp('elsewhere');
    const token = sessions[0]?.access;
    assertAnswer(await send('/auth/logout/all', { method: 'POST', token }), 204);
    for (const { access, refresh } of sessions) {
      assert.equal(await isSignedIn(access), false);
      const { status } = await send('/auth/refresh', { json: { refresh_token: refresh } });
      assert.equal(status, 401);
    }
    assert.equal(await isSignedIn(other.access), true);
    assert.equal(await isSignedIn((await signIn('everywhere')).access), true);
  });
});

suite('the account', () => {
  test('shows the user, and not the password', async () => {
    const { access, id } = await signUp('me');
    const answer = await send('/auth/me', { token: access });
    assertAnswer(answer, 200);
    const members = ['created_at', 'email', 'id', 'name', 'roles', 'username'];
    assert.deepEqual(Object.keys(answer.body).sort(), members);
    assert.equal(answer.body['id'], id);
    assert.equal(answer.text.includes('argon2'), false);
  });

  test('is gone with its user', async () => {
    const { access, id } = await signUp('goner');
    await server.app.latchkey.users.delete(id);
    assert.equal(await isSignedIn(access), false);
    assert.equal((await server.login('goner')).status, 401);
  });

  test('changes its password, keeps this session and ends every other', async () => {
    const here = await signUp('changer');
    const there = await signIn('changer');
    const json = { current_password: PASSWORD, new_password: 'another good one' };
    const answer = await send('/auth/password', { json, token: here.access });
    assertAnswer(answer, 200);
    const { access_token, refresh_token, ...rest } = answer.body;
    assert.deepEqual(rest, { token_type: 'bearer', expires_in: 900 });
    assert.equal(await isSignedIn(access_token), true);
    // A thief who copied the old tokens is out, even within the grace window.
    assert.equal(await isSignedIn(here.access), false);
    for (let attempt = 0; attempt < 2; attempt++) {
      const old = await send('/auth/refresh', { json: { refresh_token: here.refresh } });
      assert.equal(old.status, 401);
      assert.equal(old.body['code'], 'session_ended');
    }
    const kept = await send('/auth/refresh', { json: { refresh_token } });
    assert.equal(kept.status, 200);
    assert.equal(await isSignedIn(there.access), false);
    const ended = await send('/auth/refresh', { json: { refresh_token: there.refresh } });
    assert.equal(ended.status, 401);
    assert.equal((await server.login('changer')).status, 401);
    assert.equal((await server.login('changer', 'another good one')).status, 200);
  });

  test('keeps its password where the current one is wrong or the new one is no better', async () => {
    const { access } = await signUp('keeper');
    const change = (current_password: string, new_password: string) =>
      send('/auth/password', { json: { current_password, new_password }, token: access });
    const wrong = await change('not the password', 'another good one');
    assert.equal(wrong.status, 401);
    assert.equal(wrong.body['code'], 'invalid_credentials');
    assert.equal((await change(PASSWORD, PASSWORD)).status, 400);
    assert.equal((await change(PASSWORD, 'short')).status, 400);
    assert.equal((await server.login('keeper')).status, 200);
  });

  test('reauthenticates: the same session with new tokens', async () => {
    const here = await signUp('again');
    clock.step(5);
    const again = (password: string, token = here.access) =>
      send('/auth/reauthenticate', { json: { password }, token });
    const wrong = await again('not the password');
    assert.equal(wrong.status, 401);
    assert.equal(wrong.body['code'], 'invalid_credentials');
    assert.equal(
      (await send('/auth/reauthenticate', { json: { password: PASSWORD } })).status,
      401,
    );
    const answer = await again(PASSWORD);
    assertAnswer(answer, 200);
    const { access_token, refresh_token, ...rest } = answer.body;
    assert.deepEqual(rest, { token_type: 'bearer', expires_in: 900 });
    assert.equal(await isSignedIn(here.access), false);
    assert.equal((await again(PASSWORD)).status, 401);
    const old = await send('/auth/refresh', { json: { refresh_token: here.refresh } });
    assert.equal(old.body['code'], 'session_ended');
    const { body } = await send('/auth/sessions', { token: access_token });
    assert.equal(body['sessions'].length, 1);
    assert.equal((await send('/auth/refresh', { json: { refresh_token } })).status, 200);
  });

  test('lists its sessions and ends one', async () => {
    const here = await signUp('lister');
    clock.step(5);
    const { body: there } = await send('/auth/login', {
      json: { username: 'lister', password: PASSWORD },
      headers: { 'user-agent': 'Second Device/1.0' },
    });
    const answer = await send('/auth/sessions', { token: here.access });
    assertAnswer(answer, 200);
    const { sessions, next_cursor } = answer.body;
    assert.equal(next_cursor, null);
    assert.equal(sessions.length, 2);
    const [second, first] = sessions;
    assert.equal(first.current, true);
    const { id, expires_at, ...shown } = second;
    const now = new Date(clock.now()).toISOString();
    assert.deepEqual(shown, {
      current: false,
      device: 'Second Device/1.0',
      address: '127.0.0.1',
      created_at: now,
      last_used_at: now,
    });
    assert.equal(Date.parse(expires_at), clock.now() + 30 * 24 * 3600 * 1000);

    const end = (session: string) =>
      send(`/auth/sessions/${session}`, { method: 'DELETE', token: here.access });
    assertAnswer(await end(id), 204);
    assert.equal(await isSignedIn(there['access_token']), false);
    assert.equal(await isSignedIn(here.access), true);
    const again = await end(id);
    assert.equal(again.status, 404);
    assert.equal(again.body['code'], 'not_found');
    assert.equal((await end('not-a-session')).status, 404);
    assert.equal((await end('%00')).status, 404);
  });

  test('lists its sessions page by page, and refuses an invalid page', async () => {
    const { access } = await signUp('pager');
    for (let count = 0; count < 4; count++) {
      clock.step(1);
      await signIn('pager');
    }
    const list = (query: string) => send(`/auth/sessions${query}`, { token: access });
    const all = (await list('')).body['sessions'].map((it: { id: string }) => it.id);
    assert.equal(all.length, 5);
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const answer = await list(`?limit=2${cursor === null ? '' : `&after=${cursor}`}`);
      assertAnswer(answer, 200);
      pages.push(answer.body['sessions'].map((it: { id: string }) => it.id));
      cursor = answer.body['next_cursor'];
    } while (cursor !== null);
    assert.deepEqual(pages, [all.slice(0, 2), all.slice(2, 4), all.slice(4)]);

    const bad = [
      ...['?limit=0', '?limit=201', '?limit=-1', '?limit=1.5', '?limit=1e1', '?limit=', '?limit'],
      ...['?limit=01', '?limit=%201', '?limit=1&limit=2', '?limit=all', '?limit=0x10'],
      ...['?after=', '?after=x', '?after=1', '?after=%00', `?after=${all[0]}x`],
      ...[`?after=${all[0]}&after=${all[1]}`, `?after=${all[0].toUpperCase()}`, '?after[]=1'],
      ...['?page=2', '?__proto__=1', '?constructor=1', `?after=${'%27'}or 1=1--`],
    ];
    for (const query of bad) {
      const answer = await list(query);
      assert.equal(answer.status, 400, query);
      assert.equal(answer.body['code'], 'invalid_input', query);
    }
    assertAnswer(await list('?limit=200'), 200);
    // A cursor tells where to go on; the session it names may have ended.
    await send(`/auth/sessions/${all[1]}`, { method: 'DELETE', token: access });
    const next = await list(`?after=${all[1]}`);
    assert.deepEqual(
      next.body['sessions'].map((it: { id: string }) => it.id),
      all.slice(2),
    );
  });

  test('cannot end the session of another user', async () => {
    const mine = await signUp('mine');
    const theirs = await signUp('theirs');
    const { body } = await send('/auth/sessions', { token: theirs.access });
    const path = `/auth/sessions/${body['sessions'][0].id}`;
    const answer = await send(path, { method: 'DELETE', token: mine.access });
    assert.equal(answer.status, 404);
    assert.equal(await isSignedIn(theirs.access), true);
  });

  test('loses its old access tokens with a change of roles, and keeps its session', async () => {
    const { id, access, refresh } = await signUp('promoted');
    await server.app.latchkey.users.setRoles(id, ['editor']);
    assert.equal(await isSignedIn(access), false);
    const { body } = await send('/auth/refresh', { json: { refresh_token: refresh } });
    const me = await send('/auth/me', { token: body['access_token'] });
    assert.deepEqual(me.body['roles'], ['editor']);
  });
});

suite('verify', () => {
  test('answers a proxy with headers, one that is not ASCII encoded', async () => {
    const { id } = await signUp('Zoë.Ω');
    await server.app.latchkey.users.setRoles(id, ['admin', 'editor']);
    const { access } = await signIn('Zoë.Ω');
    const answer = await send('/auth/verify', { token: access });
    assertAnswer(answer, 200);
    assert.equal(answer.text, '');
    const read = (name: string) => answer.headers.get(`x-auth-${name}`);
    assert.equal(read('user'), id);
    assert.equal(decodeURIComponent(read('username') ?? ''), 'Zoë.Ω');
    assert.match(read('username') ?? '', /^[\x21-\x7e]+$/);
    assert.equal(read('roles'), 'admin,editor');
    assert.match(read('session') ?? '', UUID_V7);
    assert.equal(read('scope'), '');
  });

  test('sends empty headers for what the user does not have, and answers HEAD too', async () => {
    const { body } = await send('/auth/register', {
      json: { email: 'plain@example.com', password: PASSWORD },
    });
    const token = body['access_token'];
    const answer = await send('/auth/verify', { method: 'HEAD', token });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-auth-username'), '');
    assert.equal(answer.headers.get('x-auth-roles'), '');
  });

  test('answers 401 to a caller that is not signed in', async () => {
    const answer = await send('/auth/verify');
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    assert.equal(answer.headers.get('x-auth-user'), null);
  });

  test('refuses a cookie on a cross-site request that was not a GET', async () => {
    const { access } = await signUp('proxied');
    const cookies = { '__Host-latchkey_access': access };
    const ask = (headers: Record<string, string>) => send('/auth/verify', { cookies, headers });
    assert.equal((await ask({})).status, 200);
    assert.equal((await ask({ 'x-forwarded-method': 'GET' })).status, 200);
    for (const name of ['x-forwarded-method', 'x-original-method']) {
      for (const method of ['POST', 'post', 'get', 'CONNECT', 'GET, POST', '']) {
        const answer = await ask({ [name]: method, 'sec-fetch-site': 'cross-site' });
        assert.equal(answer.status, 403, `${name}: ${method}`);
        assert.equal(answer.body['code'], 'cross_site_request');
      }
      assert.equal((await ask({ [name]: 'POST', 'sec-fetch-site': 'same-origin' })).status, 200);
      assert.equal((await ask({ [name]: 'POST', origin: ISSUER })).status, 200);
    }
    const both = { 'x-forwarded-method': 'GET', 'x-original-method': 'POST' };
    assert.equal((await ask(both)).status, 403);
  });

  test('answers below its address, by every method, for proxies that keep method and path', async () => {
    const { access } = await signUp('enveloped');
    const cookies = { '__Host-latchkey_access': access };
    const typed = { 'content-type': 'nonsense', origin: ISSUER };
    const usual = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];
    for (const method of [...usual, 'PROPFIND', 'MKCOL', 'QUERY', 'PURGE', 'M-SEARCH']) {
      for (const path of [
        '/auth/verify/orders',
        '/auth/verify/',
        `/auth/verify/${'a/b%20c'.repeat(99)}?d=e`,
      ]) {
        const ask = (more: object) => send(path, { method, ...more });
        assert.equal((await ask({ token: access })).status, 200, method);
        assert.equal((await ask({ cookies, headers: typed })).status, 200, method);
        const refused = await ask({});
        assert.equal(refused.status, 401, method);
        assert.equal(refused.headers.get('x-auth-user'), null);
        const crossSite = await ask({ cookies, headers: { 'sec-fetch-site': 'cross-site' } });
        const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method);
        assert.equal(crossSite.status, isSafe ? 200 : 403, method);
      }
    }
    const body = 'x'.repeat(100_000);
    const sent = await send('/auth/verify/orders', { body, token: access, headers: typed });
    assert.equal(sent.status, 200);
    const claimed = { 'x-forwarded-method': 'GET', 'sec-fetch-site': 'cross-site' };
    const hidden = await send('/auth/verify/x', { method: 'POST', cookies, headers: claimed });
    assert.equal(hidden.status, 403);
    const inAddress = await send(`/auth/verify/orders?access_token=${access}`);
    assert.equal(inAddress.status, 400);
  });

  test('lets a preflight through by its method alone, never by a header that names one', async () => {
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    for (const path of ['/auth/verify', '/auth/verify/orders']) {
      const ask = (method: string, headers: Record<string, string>) =>
        send(path, { method, headers });
      const answer = await ask('OPTIONS', preflight);
      assert.equal(answer.status, 200);
      for (const name of ['user', 'session', 'username', 'roles', 'scope']) {
        assert.equal(answer.headers.get(`x-auth-${name}`), '');
      }
      const named = { ...preflight, 'x-forwarded-method': 'OPTIONS' };
      assert.equal((await ask('OPTIONS', named)).status, 200);
      for (const [method, headers] of [
        ['GET', named],
        ['GET', { ...preflight, 'x-original-method': 'OPTIONS' }],
        ['OPTIONS', { ...preflight, 'x-original-method': 'POST' }],
        ['OPTIONS', { origin: 'https://app.example' }],
        ['OPTIONS', { 'access-control-request-method': 'POST' }],
      ] as const) {
        assert.equal((await ask(method, headers)).status, 401, JSON.stringify(headers));
      }
      const bad = { ...preflight, authorization: 'Bearer x.y.z' };
      assert.equal((await ask('OPTIONS', bad)).status, 401);
    }
  });

  test('refuses a cookie on a WebSocket handshake from elsewhere, here and on routes of its own', async () => {
    const { access } = await signUp('socketed');
    const cookie = `__Host-latchkey_access=${access}`;
    for (const path of ['/auth/verify', '/auth/me']) {
      const ask = (headers: Record<string, string>) =>
        getRaw(server.url + path, { cookie, ...headers });
      assert.equal((await ask({})).status, 200);
      // The proxy may have taken `Upgrade` off, as belongs to one hop alone.
      for (const handshake of [
        { connection: 'close, upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        { upgrade: 'websocket' },
        { 'sec-websocket-version': '13' },
      ]) {
        const answer = await ask({ ...handshake, origin: 'https://attacker.example' });
        assert.equal(answer.status, 403, path);
        assert.match(answer.text, /cross_site_request/);
        assert.equal((await ask(handshake)).status, 403, path);
        assert.equal((await ask({ ...handshake, origin: ISSUER })).status, 200, path);
      }
    }
  });
});
