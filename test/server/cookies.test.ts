import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertProblem } from '../support/refusals.ts';
import {
  ISSUER,
  PASSWORD,
  readCookies,
  startHost,
  startServer,
  type TestAnswer,
} from '../support/server.ts';

const ACCESS = '__Host-latchkey_access';
const REFRESH = '__Host-latchkey_refresh';
const APP = 'https://app.example';
const HERE = { 'sec-fetch-site': 'same-origin' };

const server = await startServer({ corsOrigins: [APP, 'http://localhost:3000'] });
const { send, clock } = server;

let users = 0;
async function signIn() {
  const username = `user${users++}`;
  const answer = await send('/auth/register?transport=cookie', {
    json: { username, password: PASSWORD },
  });
  const set = readCookies(answer);
  const access = set[ACCESS]?.value ?? '';
  const refresh = set[REFRESH]?.value ?? '';
  return { username, access, refresh, cookies: { [ACCESS]: access, [REFRESH]: refresh }, answer };
}

const isSignedIn = async (access: string) =>
  (await send('/auth/me', { cookies: { [ACCESS]: access } })).status === 200;

function assertCleared(answer: TestAnswer): void {
  const set = readCookies(answer);
  assert.deepEqual(Object.keys(set).sort(), [ACCESS, REFRESH]);
  for (const { value, attributes } of Object.values(set)) {
    assert.equal(value, '');
    assert.deepEqual(attributes.toSorted(), [
      'HttpOnly',
      'Max-Age=0',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ]);
  }
}

describe('cookies under https', () => {
  it('are set by register and login instead of tokens in the body', async () => {
    const { answer, username } = await signIn();
    assert.equal(answer.status, 201);
    const login = await send('/auth/login?transport=cookie', {
      json: { username, password: PASSWORD },
    });
    assert.equal(login.status, 200);
    for (const each of [answer, login]) {
      assert.deepEqual(Object.keys(each.body).sort(), ['expires_in', 'user']);
      assert.equal(each.body['user'].username, username);
      assert.equal(each.text.includes('eyJ'), false);
      assert.equal(each.headers.get('cache-control'), 'no-store');
      const set = readCookies(each);
      assert.deepEqual(Object.keys(set).sort(), [ACCESS, REFRESH]);
      const shared = ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'];
      assert.deepEqual(set[ACCESS]?.attributes.toSorted(), [
        'HttpOnly',
        'Max-Age=900',
        ...shared.slice(1),
      ]);
      assert.deepEqual(set[REFRESH]?.attributes.toSorted(), [
        'HttpOnly',
        'Max-Age=2592000',
        ...shared.slice(1),
      ]);
    }
  });

  it('are not set where the body is asked for', async () => {
    const json = { username: 'body', password: PASSWORD };
    const answer = await send('/auth/register?transport=body', { json });
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.ok(answer.body['access_token']);
  });

  it('without their prefix are no credentials', async () => {
    const { access } = await signIn();
    const answer = await send('/auth/me', { cookies: { latchkey_access: access } });
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'token_missing');
  });
});

describe('cookies under http', () => {
  it('have neither prefix nor Secure, which a browser would drop there', async () => {
    const plain = await startServer({ issuer: 'http://localhost:8000' });
    const json = { username: 'plain', password: PASSWORD };
    const answer = await plain.send('/auth/register?transport=cookie', { json });
    const set = readCookies(answer);
    assert.deepEqual(Object.keys(set).sort(), ['latchkey_access', 'latchkey_refresh']);
    for (const { attributes } of Object.values(set)) {
      const names = attributes.map((attribute) => attribute.replace(/=\d+/, ''));
      assert.deepEqual(names.sort(), ['HttpOnly', 'Max-Age', 'Path=/', 'SameSite=Lax']);
    }
    const cookies = { latchkey_access: set['latchkey_access']?.value ?? '' };
    assert.equal((await plain.send('/auth/me', { cookies })).status, 200);
    await plain.close();
  });
});

describe('cookies of a host', () => {
  it('have the names it gives, and are the default where it says so', async () => {
    const host = await startHost(
      { cookies: { access: 'at', refresh: 'rt' }, transport: 'cookie' },
      () => {},
    );
    const answer = await host.register('jane');
    assert.deepEqual(Object.keys(readCookies(answer)).sort(), ['__Host-at', '__Host-rt']);
    const json = { username: 'jane', password: PASSWORD };
    const body = await host.send('/auth/login?transport=body', { json });
    assert.ok(body.body['access_token']);
    await host.close();
  });

  it('must have two different names that are names', async () => {
    for (const cookies of [
      { access: 'a', refresh: 'a' },
      { access: 'a b' },
      { access: 'a;b' },
      { refresh: '' },
      { refresh: 'x'.repeat(65) },
      { access: 'latchkey_refresh' },
    ]) {
      await assert.rejects(
        startHost({ cookies }, () => {}),
        /cookies/,
      );
    }
  });
});

describe('a refresh by cookie', () => {
  it('answers by cookie, and one by body by body', async () => {
    const { refresh, username, access } = await signIn();
    clock.step(60);
    const answer = await send('/auth/refresh', {
      method: 'POST',
      cookies: { [REFRESH]: refresh },
      headers: HERE,
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['expires_in', 'user']);
    assert.equal(answer.body['user'].username, username);
    const set = readCookies(answer);
    assert.notEqual(set[REFRESH]?.value, refresh);
    assert.notEqual(set[ACCESS]?.value, access);
    assert.equal(await isSignedIn(set[ACCESS]?.value ?? ''), true);

    const json = { refresh_token: set[REFRESH]?.value };
    const byBody = await send('/auth/refresh', { json });
    assert.ok(byBody.body['refresh_token']);
    assert.deepEqual(byBody.headers.getSetCookie(), []);
  });

  it('that is refused clears both cookies', async () => {
    const { refresh, cookies, access } = await signIn();
    await send('/auth/logout', { method: 'POST', token: access });
    for (const bad of [refresh, 'x', access, `${refresh}x`]) {
      const answer = await send('/auth/refresh', {
        method: 'POST',
        cookies: { ...cookies, [REFRESH]: bad },
        headers: HERE,
      });
      assertProblem(answer, 401, bad);
      assertCleared(answer);
    }
    const none = await send('/auth/refresh', { method: 'POST', headers: HERE });
    assertProblem(none, 401);
    assert.equal(none.body['code'], 'refresh_token_missing');
    const byBody = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.deepEqual(byBody.headers.getSetCookie(), []);
  });

  it('is refused where a second token comes with it', async () => {
    const { refresh, cookies, access } = await signIn();
    const json = { refresh_token: refresh };
    for (const request of [
      { json, cookies },
      { method: 'POST', token: access, cookies: { [REFRESH]: refresh } },
      { method: 'POST', headers: { cookie: `${REFRESH}=${refresh}; ${REFRESH}=x` } },
    ]) {
      const answer = await send('/auth/refresh', {
        ...request,
        headers: { ...('headers' in request ? request.headers : {}), ...HERE },
      });
      assertProblem(answer, 400);
      assert.equal(answer.body['code'], 'multiple_credentials');
    }
  });
});

describe('logout by cookie', () => {
  it('ends the session and clears both cookies', async () => {
    const { cookies, access } = await signIn();
    const answer = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
    assert.equal(await isSignedIn(access), false);
    const again = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(again.status, 204);
    assertCleared(again);
  });

  it('works with the refresh cookie alone, and when the access cookie has expired', async () => {
    const one = await signIn();
    const refreshOnly = { [REFRESH]: one.refresh };
    const first = await send('/auth/logout', {
      method: 'POST',
      cookies: refreshOnly,
      headers: HERE,
    });
    assert.equal(first.status, 204);
    assert.equal(await isSignedIn(one.access), false);

    const two = await signIn();
    clock.step(3600);
    const late = await send('/auth/logout', {
      method: 'POST',
      cookies: two.cookies,
      headers: HERE,
    });
    assert.equal(late.status, 204);
    assertCleared(late);
    const { body } = await send('/auth/refresh', { json: { refresh_token: two.refresh } });
    assert.equal(body['code'], 'session_ended');
  });

  it('clears cookies that are worth nothing', async () => {
    const cookies = { [ACCESS]: 'x', [REFRESH]: 'y' };
    const answer = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
  });

  it('everywhere clears them too', async () => {
    const { cookies, access } = await signIn();
    const answer = await send('/auth/logout/all', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
    assert.equal(await isSignedIn(access), false);
  });
});

describe('a request that a cookie authenticates and that changes something', () => {
  const sites = [undefined, 'same-origin', 'same-site', 'cross-site', 'none', 'Same-Origin', ''];
  const origins = [
    undefined,
    ISSUER,
    APP,
    'https://attacker.example',
    'http://auth.example',
    `${ISSUER}:8443`,
    `${ISSUER}.attacker.example`,
    'null',
    '',
  ];
  const changes = [
    { path: '/auth/refresh', method: 'POST', done: 200 },
    { path: '/auth/logout', method: 'POST', done: 204 },
    { path: '/auth/logout/all', method: 'POST', done: 204 },
    { path: '/auth/password', method: 'POST', done: 400 },
    { path: '/auth/sessions/01890000-0000-7000-8000-000000000000', method: 'DELETE', done: 404 },
  ];

  for (const { path, method, done } of changes) {
    it(`passes at ${method} ${path} only with proof that it is same-origin`, async () => {
      let signedIn = await signIn();
      for (const site of sites) {
        for (const origin of origins) {
          const headers = {
            ...(site === undefined ? {} : { 'sec-fetch-site': site }),
            ...(origin === undefined ? {} : { origin }),
          };
          const proven = site === 'same-origin' || origin === ISSUER || origin === APP;
          const answer = await send(path, { method, cookies: signedIn.cookies, headers });
          const name = JSON.stringify(headers);
          if (!proven) {
            assertProblem(answer, 403, name);
            assert.equal(answer.body['code'], 'cross_site_request');
            assert.deepEqual(answer.headers.getSetCookie(), []);
            assert.equal(answer.headers.get('www-authenticate'), null);
          } else {
            assert.equal(answer.status, done, name);
            if (path.startsWith('/auth/logout')) signedIn = await signIn();
          }
        }
      }
      assert.equal(await isSignedIn(signedIn.access), true);
    });
  }

  it('needs no proof where it only reads', async () => {
    const { cookies } = await signIn();
    for (const path of ['/auth/me', '/auth/sessions', '/auth/verify']) {
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' };
      assert.equal((await send(path, { cookies, headers })).status, 200);
    }
  });

  it('needs no proof where a header authenticates it, which no page can make a browser send', async () => {
    const { access } = await signIn();
    const headers = { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' };
    const answer = await send('/auth/logout', { method: 'POST', token: access, headers });
    assert.equal(answer.status, 204);
  });
});

describe('a request for cookies', () => {
  it('is refused where a page of another site sends it, to sign its visitor in as the attacker', async () => {
    const { username } = await signIn();
    const login = (headers: Record<string, string>, query = '?transport=cookie') =>
      send(`/auth/login${query}`, { form: { username, password: PASSWORD }, headers });
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.auth.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'none', origin: 'null' },
      { origin: 'https://attacker.example' },
      { origin: 'null' },
    ]) {
      const answer = await login(headers);
      assertProblem(answer, 403, JSON.stringify(headers));
      assert.deepEqual(answer.headers.getSetCookie(), []);
      assert.equal((await login(headers, '')).status, 200);
      const json = { username: 'foreign', password: PASSWORD };
      const register = await send('/auth/register?transport=cookie', { json, headers });
      assertProblem(register, 403);
    }
    for (const headers of [
      {},
      HERE,
      { origin: ISSUER },
      { origin: APP, 'sec-fetch-site': 'cross-site' },
    ]) {
      assert.equal((await login(headers)).status, 200);
    }
    assert.equal((await server.login('foreign')).status, 401);
  });
});

describe('CORS', () => {
  const preflight = (origin: string, method = 'POST') =>
    send('/auth/login', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,authorization',
      },
    });

  it('allows the origins of the settings, with credentials', async () => {
    for (const origin of [APP, 'http://localhost:3000']) {
      for (const method of ['POST', 'DELETE', 'PATCH']) {
        const answer = await preflight(origin, method);
        assert.equal(answer.status, 204);
        assert.equal(answer.headers.get('access-control-allow-origin'), origin);
        assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
        assert.match(answer.headers.get('access-control-allow-methods') ?? '', new RegExp(method));
        assert.match(answer.headers.get('access-control-allow-headers') ?? '', /authorization/);
        assert.match(answer.headers.get('vary') ?? '', /Origin/i);
      }
    }
  });

  it('lets their scripts read answers, refusals and what these ask for', async () => {
    const headers = { origin: APP };
    for (const answer of [
      await send('/auth/me', { headers }),
      await send('/nowhere', { headers }),
      await send('/.well-known/jwks.json', { headers }),
      await send('/auth/login', {
        body: '{',
        headers: { ...headers, 'content-type': 'application/json' },
      }),
    ]) {
      assert.equal(answer.headers.get('access-control-allow-origin'), APP);
      assert.match(answer.headers.get('access-control-expose-headers') ?? '', /WWW-Authenticate/);
    }
  });

  it('allows no other origin', async () => {
    for (const origin of [
      'https://attacker.example',
      `${APP}.attacker.example`,
      'http://app.example',
      'null',
      '*',
    ]) {
      for (const answer of [
        await preflight(origin),
        await send('/auth/me', { headers: { origin } }),
      ]) {
        assert.equal(answer.headers.get('access-control-allow-origin'), null, origin);
      }
    }
  });

  it('is off where no origin is set', async () => {
    const closed = await startServer();
    const answer = await closed.send('/auth/me', { headers: { origin: APP } });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    await closed.close();
  });
});
