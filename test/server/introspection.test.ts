import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type AuthorizationServer,
  ClientSecretBasic,
  customFetch,
  introspectionRequest,
  processIntrospectionResponse,
  processRefreshTokenResponse,
  processRevocationResponse,
  None as publicClient,
  refreshTokenGrantRequest,
  revocationRequest,
} from 'oauth4webapi';
import { assertOAuthError, MARKER } from '../support/refusals.ts';
import {
  ISSUER,
  internalsOf,
  PASSWORD,
  sendBytes,
  startServer,
  type TestAnswer,
  type TestRequest,
} from '../support/server.ts';
import { tokenAttacks } from '../support/tokens.ts';

const server = await startServer({
  refreshGrace: '30s',
  claims: () => ({ tenant: 'acme', active: false, token_use: 'refresh_token', token_type: 'x' }),
  scopes: () => ['read', 'write'],
});
const { send, clock, app } = server;
const { auth, users } = internalsOf(app);
const { client: guard, key } = await auth.clients.create({ name: 'api', kind: 'guard' });
const secret = key.slice(-43);
const INACTIVE = '{"active":false}';

let made = 0;
async function signUp() {
  const { body } = await server.register(`user${made++}`);
  return {
    id: String(body['user'].id),
    access: String(body['access_token']),
    refresh: String(body['refresh_token']),
  };
}

const basic = (id: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
});

function introspect(token: string, more: Readonly<Record<string, string>> = {}) {
  return send('/auth/introspect', { form: { token, ...more }, token: key });
}

const revoke = (token: string, more: Readonly<Record<string, string>> = {}) =>
  send('/auth/revoke', { form: { token, ...more } });

async function isActive(token: string): Promise<boolean> {
  const { status, body } = await introspect(token);
  assert.equal(status, 200);
  return body['active'];
}

function assertInactive(answer: TestAnswer, name = ''): void {
  assert.equal(answer.status, 200, name);
  assert.equal(answer.text, INACTIVE, name);
}

suite('introspection', () => {
  test('answers an access token with its claims and its use', async () => {
    const { id, access } = await signUp();
    const answer = await introspect(access);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    const payload = access.split('.')[1] ?? '';
    assert.deepEqual(answer.body, {
      ...JSON.parse(Buffer.from(payload, 'base64url').toString()),
      active: true,
      token_type: 'Bearer',
      token_use: 'access_token',
    });
    assert.equal(answer.body['sub'], id);
    assert.equal(answer.body['tenant'], 'acme');
    assert.equal(answer.body['scope'], 'read write');
  });

  test('answers a refresh token with its use, and never as a bearer token', async () => {
    const { id, refresh } = await signUp();
    const { body } = await introspect(refresh);
    const now = Math.floor(clock.now() / 1000);
    const { sid, ...others } = body;
    assert.match(sid, /^[0-9a-f-]{36}$/);
    assert.deepEqual(others, {
      active: true,
      token_use: 'refresh_token',
      iss: ISSUER,
      aud: ISSUER,
      sub: id,
      client_id: 'latchkey',
      iat: now,
      exp: now + 30 * 24 * 3600,
      auth_time: now,
      amr: ['pwd'],
    });
  });

  test('neither uses a refresh token up nor ends its session', async () => {
    const { refresh } = await signUp();
    clock.step(60);
    const next = await send('/auth/refresh', { json: { refresh_token: refresh } });
    const successor: string = next.body['refresh_token'];
    assert.equal(await isActive(refresh), true, 'within the grace window');
    assert.equal(await isActive(successor), true);
    clock.step(31);
    assertInactive(await introspect(refresh), 'replaced');
    assert.equal(await isActive(successor), true, 'the session lives on');
    const again = await send('/auth/refresh', { json: { refresh_token: successor } });
    assert.equal(again.status, 200);
    const third: string = again.body['refresh_token'];
    clock.step(-60);
    assertInactive(await introspect(refresh), 'two generations old, on a clock set back');
    assert.equal(await isActive(third), true);
    clock.step(60);
  });

  test('takes the hint as a hint', async () => {
    const { access, refresh } = await signUp();
    for (const token_type_hint of ['access_token', 'refresh_token', 'saml', '', 'null']) {
      for (const token of [access, refresh]) {
        const { body } = await introspect(token, { token_type_hint });
        assert.equal(body['active'], true, token_type_hint);
      }
      assertInactive(await introspect('x.y.z', { token_type_hint }));
    }
  });

  test('says no more than "inactive" of anything else', async () => {
    const { access, refresh } = await signUp();
    const signing = auth.keys.signing;
    const attacks = [
      ...tokenAttacks({ token: access, key: signing }),
      ...tokenAttacks({ token: refresh, key: signing }).slice(0, 60),
    ].filter(({ token }) => token !== '');
    assert.ok(attacks.length > 150);
    for (const { name, token } of attacks) assertInactive(await introspect(token), name);
    for (const token of [key, guard.id, ' ', '\0', 'x'.repeat(60_000), `${MARKER} 😀`]) {
      assertInactive(await introspect(token), token.slice(0, 20));
    }
    assert.equal(await isActive(access), true);
  });

  test('follows whatever ends a token', async () => {
    const ends: Record<string, (it: Awaited<ReturnType<typeof signUp>>) => Promise<unknown>> = {
      logout: ({ access }) => send('/auth/logout', { method: 'POST', token: access }),
      'logout of all': ({ access }) => send('/auth/logout/all', { method: 'POST', token: access }),
      disabling: ({ id }) => users.disable(id),
      deletion: ({ id }) => users.delete(id),
      'a password set': ({ id }) => users.setPassword(id, 'another good one'),
    };
    for (const [name, end] of Object.entries(ends)) {
      const signedUp = await signUp();
      await end(signedUp);
      assertInactive(await introspect(signedUp.access), name);
      assertInactive(await introspect(signedUp.refresh), name);
    }
    const { id, access, refresh } = await signUp();
    await users.setRoles(id, ['admin']);
    assertInactive(await introspect(access), 'roles');
    assert.equal(await isActive(refresh), true, 'the session lives on');
    const other = await signUp();
    clock.step(906);
    assertInactive(await introspect(other.access), 'expired');
    assert.equal(await isActive(other.refresh), true);
    clock.step(-906);
  });

  test('knows its caller by bearer and by Basic, as OAuth 2.0 encodes it', async () => {
    const percent = (text: string) =>
      [...text].map((it) => `%${it.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');
    const ways: Record<string, Readonly<Record<string, string>>> = {
      bearer: { authorization: `Bearer ${key}` },
      'bearer in other letters': { authorization: `bEARER  ${key}` },
      'Basic by the whole key': basic(guard.id, key),
      'Basic by the secret': basic(guard.id, secret),
      'Basic in other letters': {
        authorization: basic(guard.id, secret).authorization.replace('B', 'b'),
      },
      'Basic, encoded': basic(percent(guard.id), percent(key)),
    };
    for (const [name, headers] of Object.entries(ways)) {
      assertInactive(await send('/auth/introspect', { form: { token: 'x' }, headers }), name);
    }
  });

  test('refuses every other caller alike', async () => {
    const { access } = await signUp();
    const { key: deleted, client: gone } = await auth.clients.create({
      name: 'gone',
      kind: 'guard',
    });
    await auth.clients.delete(gone.id);
    const flipped = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
    const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
    const callers: Record<string, Readonly<Record<string, string>>> = {
      'no one': {},
      'an empty header': { authorization: '' },
      'a user': bearer(access),
      'a key with another last character': bearer(flipped),
      'the key of another id': bearer(`lkg_${gone.id}_${secret}`),
      'a key taken back': bearer(deleted),
      'half a key': bearer(key.slice(0, 40)),
      'a key and more': bearer(`${key}A`),
      'two words': bearer(`${key} ${key}`),
      'the secret alone': bearer(secret),
      'the key without its scheme': { authorization: key },
      'another scheme': { authorization: `Digest ${key}` },
      'no password': basic(guard.id, ''),
      'no id': basic('', key),
      'the name for the id': basic(guard.name, key),
      'the id in capitals': basic(guard.id.toUpperCase(), secret),
      'the key as the id': basic(key, secret),
      'the key of another': basic(gone.id, key),
      'a wrong secret': basic(
        guard.id,
        secret.replace(/./, (it) => (it === 'A' ? 'B' : 'A')),
      ),
      'no colon': { authorization: `Basic ${Buffer.from(guard.id).toString('base64')}` },
      'Basic without its padding': {
        authorization: basic(guard.id, `${secret}`).authorization.replace(/=*$/, '*'),
      },
      'Basic that is not UTF-8': {
        authorization: `Basic ${Buffer.from(`${guard.id}:\xff`, 'latin1').toString('base64')}`,
      },
      'Basic badly encoded': basic(guard.id, '%zz'),
      'Basic of 20 kB': basic(guard.id, 'x'.repeat(10_000)),
    };
    for (const [name, headers] of Object.entries(callers)) {
      const answer = await send('/auth/introspect', { form: { token: access }, headers });
      assertOAuthError(answer, 401, name);
      const isBearer = /^bearer/i.test(headers['authorization'] ?? '');
      assert.equal(answer.body['error'], isBearer ? 'invalid_token' : 'invalid_client', name);
      const reason = isBearer ? ', error="invalid_token"' : '';
      assert.equal(
        answer.headers.get('www-authenticate'),
        `Bearer realm="clients"${reason}, Basic realm="clients", charset="UTF-8"`,
      );
      assert.ok(!answer.text.includes(secret) && !answer.text.includes(access), name);
    }
    const texts = await Promise.all(
      [flipped, `lkg_${gone.id}_${secret}`, deleted, access].map(
        async (token) => (await send('/auth/introspect', { form: { token: 'x' }, token })).text,
      ),
    );
    assert.equal(new Set(texts).size, 1, 'an unknown guard is not told from a wrong secret');
  });

  test('refuses two Authorization headers', async () => {
    const body = 'token=x';
    const answer = await sendBytes(
      server.port,
      `POST /auth/introspect HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n`,
      `Authorization: Bearer lkg_x\r\nContent-Type: application/x-www-form-urlencoded\r\n`,
      `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, /"error":"invalid_request"/);
  });
});

const badRequests: Record<string, TestRequest> = {
  'no body': { method: 'POST' },
  JSON: { json: { token: 'x' } },
  'a form without a token': { form: { token_type_hint: 'access_token' } },
  'an empty token': { form: { token: '' } },
  'two tokens': { form: 'token=a&token=b' },
  'a form that is not UTF-8': { form: 'token=%ff' },
  'plain text': { body: 'token=x', headers: { 'content-type': 'text/plain' } },
  'broken JSON': { body: '{', headers: { 'content-type': 'application/json' } },
  'another charset': {
    body: 'token=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=latin1' },
  },
};

for (const path of ['/auth/introspect', '/auth/revoke']) {
  suite(`what ${path} cannot read`, () => {
    for (const [name, request] of Object.entries(badRequests)) {
      test(`is refused in the words of OAuth 2.0: ${name}`, async () => {
        const answer = await send(path, { ...request, token: key });
        assertOAuthError(answer, 400, name);
        assert.equal(answer.body['error'], 'invalid_request');
      });
    }

    test('is refused: too much', async () => {
      const form = { token: 'x'.repeat(70_000) };
      assertOAuthError(await send(path, { form, token: key }), 413);
    });

    test('is not asked by GET, where it would be logged', async () => {
      const answer = await send(`${path}?token=x`, { token: key });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), 'POST');
    });

    test('is answered with 503 while the database is away', async () => {
      const broken = await startServer();
      const refresh = String((await broken.register('jane')).body['refresh_token']);
      const { key: other } = await broken.app.latchkey.clients.create({
        name: 'x',
        kind: 'guard',
      });
      await internalsOf(broken.app).close();
      const answer = await broken.send(path, { form: { token: refresh }, token: other });
      assertOAuthError(answer, 503);
      assert.equal(answer.body['error'], 'temporarily_unavailable');
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      await broken.close();
    });
  });
}

suite('revocation', () => {
  test('takes an access token back, and nothing else of its session', async () => {
    const { access, refresh } = await signUp();
    const answer = await revoke(access);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal((await send('/auth/me', { token: access })).body['code'], 'token_revoked');
    const next = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(next.status, 200);
    assert.equal((await send('/auth/me', { token: next.body['access_token'] })).status, 200);
  });

  test('ends the session of a refresh token, even of one that was replaced', async () => {
    for (const isOld of [false, true]) {
      const { access, refresh } = await signUp();
      if (isOld) {
        clock.step(60);
        await send('/auth/refresh', { json: { refresh_token: refresh } });
      }
      assert.equal((await revoke(refresh)).status, 200);
      assert.equal((await send('/auth/me', { token: access })).status, 401);
      const again = await send('/auth/refresh', { json: { refresh_token: refresh } });
      assert.equal(again.body['code'], 'session_ended');
    }
  });

  test('takes the hint as a hint', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'saml', '']) {
      for (const kind of ['access', 'refresh'] as const) {
        const { [kind]: token } = await signUp();
        assert.equal((await revoke(token, { token_type_hint })).status, 200);
        assertInactive(await introspect(token), `${kind} as ${token_type_hint}`);
      }
    }
  });

  test('answers the same to what is no token, and does nothing', async () => {
    const { access, refresh } = await signUp();
    const attacks = tokenAttacks({ token: access, key: auth.keys.signing }).slice(0, 60);
    const before = auth.revocations.index.size;
    for (const { name, token } of [
      ...attacks.filter(({ token }) => token !== ''),
      { name: 'a key of a guard', token: key },
      { name: 'words', token: MARKER },
    ]) {
      const answer = await revoke(token);
      assert.equal(answer.status, 200, name);
      assert.equal(answer.text, '', name);
    }
    assert.equal(auth.revocations.index.size, before);
    assert.equal(await isActive(access), true);
    assert.equal(await isActive(refresh), true);
  });

  test('may be asked for twice', async () => {
    const { access, refresh } = await signUp();
    for (const token of [access, access, refresh, refresh, access]) {
      assert.equal((await revoke(token)).status, 200);
    }
  });
});

suite('their paths', () => {
  test('are renamed and left out like all others, and the metadata follows', async () => {
    const { send: ask, app: renamed } = await startServer({
      paths: { introspect: '/oauth/introspect', revoke: false, revocations: false },
    });
    const { body } = await ask('/.well-known/oauth-authorization-server');
    assert.equal(body['introspection_endpoint'], `${ISSUER}/oauth/introspect`);
    for (const member of Object.keys(body)) assert.doesNotMatch(member, /^revocation/);
    const made = await renamed.latchkey.clients.create({ name: 'x', kind: 'guard' });
    const answer = await ask('/oauth/introspect', { form: { token: 'x' }, token: made.key });
    assertInactive(answer);
    for (const path of ['/auth/introspect', '/auth/revoke', '/auth/revocations']) {
      assert.equal((await ask(path, { method: 'POST' })).status, 404);
    }
  });
});

suite('oauth4webapi', () => {
  const as: AuthorizationServer = {
    issuer: ISSUER,
    introspection_endpoint: `${ISSUER}/auth/introspect`,
    revocation_endpoint: `${ISSUER}/auth/revoke`,
  };
  const client = { client_id: guard.id };
  const options = {
    [customFetch]: (url: string, init: object) => fetch(url.replace(ISSUER, server.url), init),
  };

  test('introspects and revokes', async () => {
    const { access, refresh } = await signUp();
    const clientAuth = ClientSecretBasic(key);
    const ask = async (token: string) => {
      const response = await introspectionRequest(as, client, clientAuth, token, options);
      return processIntrospectionResponse(as, client, response);
    };
    const first = await ask(access);
    assert.equal(first.active, true);
    assert.equal(first.iss, ISSUER);
    assert.equal((await ask(refresh)).active, true);
    for (const token of [access, refresh]) {
      const other = { client_id: 'latchkey' };
      const response = await revocationRequest(as, other, publicClient(), token, options);
      await processRevocationResponse(response);
      assert.deepEqual(await ask(token), { active: false });
    }
  });

  test('has the client that asked for tokens in them, and refreshes for no other client', async () => {
    const token = { ...as, token_endpoint: `${ISSUER}/auth/token` };
    await server.register('client-user');
    const { client: other, key: otherKey } = await auth.clients.create({
      name: 'b',
      kind: 'guard',
    });
    const login = { grant_type: 'password', username: 'client-user', password: PASSWORD };
    const claimsOf = (given: unknown) =>
      JSON.parse(Buffer.from(String(given).split('.')[1] ?? '', 'base64url').toString());
    const asked = await send('/auth/token', {
      form: { ...login, client_id: guard.id, client_secret: key },
    });
    assert.equal(asked.status, 200);
    const { access_token, refresh_token } = asked.body;
    assert.equal(claimsOf(access_token).client_id, guard.id);
    for (const each of [access_token, refresh_token]) {
      const { body } = await introspect(String(each));
      assert.deepEqual([body['active'], body['client_id']], [true, guard.id]);
    }
    const refreshForm = { grant_type: 'refresh_token', refresh_token };
    const strangers: [Record<string, string>, number, string][] = [
      [{ client_id: other.id, client_secret: otherKey }, 400, 'invalid_grant'],
      [{ client_id: guard.id }, 401, 'invalid_client'],
      [{ client_id: guard.id, client_secret: otherKey }, 401, 'invalid_client'],
      [{}, 400, 'invalid_grant'],
      [{ client_id: 'latchkey' }, 400, 'invalid_grant'],
      [{ client_id: 'no client of ours', client_secret: 'x' }, 400, 'invalid_grant'],
    ];
    for (const [fields, status, error] of strangers) {
      const answer = await send('/auth/token', { form: { ...refreshForm, ...fields } });
      assert.deepEqual(
        [answer.status, answer.body['error']],
        [status, error],
        JSON.stringify(fields),
      );
      const challenge = answer.headers.get('www-authenticate');
      assert.equal(challenge, status === 401 ? 'Basic realm="clients", charset="UTF-8"' : null);
    }
    const json = await send('/auth/refresh', { json: { refresh_token } });
    assert.deepEqual([json.status, json.body['code']], [401, 'refresh_token_invalid']);
    const response = await refreshTokenGrantRequest(
      token,
      client,
      ClientSecretBasic(key),
      String(refresh_token),
      options,
    );
    const refreshed = await processRefreshTokenResponse(token, client, response);
    assert.equal(claimsOf(refreshed.access_token).client_id, guard.id);

    // A client that exists must prove it. What is none of ours is ignored, as are a proxy's own credentials.
    for (const fields of [
      { client_id: guard.id },
      { client_id: guard.id, client_secret: otherKey },
    ]) {
      const answer = await send('/auth/token', { form: { ...login, ...fields } });
      assert.deepEqual([answer.status, answer.body['error']], [401, 'invalid_client']);
    }
    const both = { form: { ...login, client_secret: key }, headers: basic(guard.id, key) };
    assert.equal((await send('/auth/token', both)).body['error'], 'invalid_request');
    for (const headers of [basic('proxy', 'x'), basic('', ''), { authorization: 'Basic ?' }, {}]) {
      const answer = await send('/auth/token', { form: { ...login, client_id: '' }, headers });
      const own = claimsOf(answer.body['access_token']);
      assert.equal(own.client_id, 'latchkey');
      const again = { grant_type: 'refresh_token', refresh_token: answer.body['refresh_token'] };
      assert.equal((await send('/auth/token', { form: again })).status, 200);
      const taken = { ...again, client_id: guard.id, client_secret: key };
      assert.equal((await send('/auth/token', { form: taken })).body['error'], 'invalid_grant');
    }
  });
});
