import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { createGuard } from 'latchkey/guard';
import { type AppOptions, createApp, requireTokens } from 'latchkey/server';
import { createTokenCookies } from '../../src/guard/request/token-cookies.ts';
import { assertProblem } from '../support/refusals.ts';
import {
  ISSUER,
  internalsOf,
  PASSWORD,
  readCookies,
  SECRET,
  startHost,
  startServer,
  type TestAnswer,
  testOptions,
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

suite('cookies under https', () => {
  test('are set by register and login instead of tokens in the body', async () => {
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

  test('are not set where the body is asked for', async () => {
    const json = { username: 'body', password: PASSWORD };
    const answer = await send('/auth/register?transport=body', { json });
    assert.deepEqual(readCookies(answer), {});
    assert.ok(answer.body['access_token']);
  });

  test('do not outlive the maximum age of their session', async () => {
    const short = await startServer({ sessionMaxAge: '1h' });
    const registered = await short.send('/auth/register?transport=cookie', {
      json: { username: 'short', password: PASSWORD },
    });
    const maxAges = (answer: TestAnswer) =>
      Object.values(readCookies(answer)).map(({ attributes }) =>
        attributes.find((it) => it.startsWith('Max-Age')),
      );
    assert.deepEqual(maxAges(registered), ['Max-Age=900', 'Max-Age=3600']);
    short.clock.step(3000);
    const set = readCookies(registered);
    const refreshed = await short.send('/auth/refresh', {
      method: 'POST',
      cookies: { [REFRESH]: set[REFRESH]?.value ?? '' },
      headers: HERE,
    });
    assert.equal(refreshed.body['expires_in'], 600);
    assert.deepEqual(maxAges(refreshed), ['Max-Age=600', 'Max-Age=600']);
    short.clock.step(600);
    const late = await short.send('/auth/refresh', {
      method: 'POST',
      cookies: { [REFRESH]: readCookies(refreshed)[REFRESH]?.value ?? '' },
      headers: HERE,
    });
    assertProblem(late, 401);
  });

  test('without their prefix are no credentials', async () => {
    const { access } = await signIn();
    const answer = await send('/auth/me', { cookies: { latchkey_access: access } });
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'token_missing');
  });
});

suite('cookies under http', () => {
  test('have neither prefix nor Secure, which a browser would drop there', async () => {
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

suite('default names', () => {
  /** Each on its host another pair; the same in a guard. */
  const NAMES = {
    'https://auth.example': '__Host-latchkey_access',
    'https://auth.example:8443': '__Host-latchkey_access_8443',
    'https://auth.example/a': '__Host-latchkey_access-a',
    'https://auth.example/a/b': '__Host-latchkey_access-a-b',
    'https://auth.example/a-b': '__Host-latchkey_access-a_2db',
    'https://auth.example/a_b%20c': '__Host-latchkey_access-a_5fb_2520c',
    'https://auth.example:8443/a': '__Host-latchkey_access_8443-a',
    'http://auth.example': 'latchkey_access',
    'http://auth.example:8000': 'latchkey_access_8000',
    'http://localhost': 'latchkey_access_80',
    'http://localhost:8000': 'latchkey_access',
    'http://127.0.0.1:8000': 'latchkey_access',
    'http://[::1]:8000/a': 'latchkey_access-a',
    'http://127.0.0.1:8001': 'latchkey_access_8001',
  } as const;

  test('tell installations on one host apart, in server and guard alike', async () => {
    const key = 'kB7rXe2pQm9ZtLw4Yd0cNs6VhJf8GaUi';
    for (const [issuer, name] of Object.entries(NAMES)) {
      assert.equal(createTokenCookies(issuer).names.access, name);
    }
    // Plain where the host is another one.
    assert.equal(new Set(Object.values(NAMES)).size, Object.keys(NAMES).length - 2);
    for (const issuer of ['https://auth.example/a-b', 'http://127.0.0.1:8001'] as const) {
      const name = NAMES[issuer];
      const host = await startHost({ issuer, algorithm: 'HS256', signingKey: key }, () => {});
      const json = { username: 'jane', password: PASSWORD };
      const answer = await host.send('/auth/register?transport=cookie', { json });
      const set = readCookies(answer);
      assert.deepEqual(Object.keys(set), [name, name.replace('access', 'refresh')], issuer);
      const guard = createGuard({ keys: key, algorithm: 'HS256', issuer, clock: host.clock });
      const cookie = `${name}=${set[name]?.value}`;
      const user = await guard.authenticate({ method: 'GET', headers: { cookie } });
      assert.equal(user.username, 'jane');
      await host.close();
    }
  });

  test('of earlier versions are read where the tokens are of this issuer, and go at the next refresh', async () => {
    const moved = await startServer({ issuer: 'https://auth.example/moved' });
    const [name, refreshName] = [`${ACCESS}-moved`, `${REFRESH}-moved`];
    const { body } = await moved.register('jane');
    const former = { [ACCESS]: body['access_token'], [REFRESH]: body['refresh_token'] };
    assert.equal((await moved.send('/auth/me', { cookies: former })).status, 200);
    const request = { method: 'POST', cookies: former, headers: HERE };
    const refreshed = readCookies(await moved.send('/auth/refresh', request));
    assert.deepEqual(Object.keys(refreshed), [name, refreshName, ACCESS, REFRESH]);
    assert.deepEqual([refreshed[ACCESS]?.value, refreshed[REFRESH]?.value], ['', '']);

    const { access, refresh } = await signIn();
    const both = {
      [name]: refreshed[name]?.value ?? '',
      [refreshName]: refreshed[refreshName]?.value ?? '',
      [ACCESS]: access,
      [REFRESH]: refresh,
    };
    assert.equal((await moved.send('/auth/me', { cookies: both })).status, 200);
    const neighbour = { [ACCESS]: access, [REFRESH]: refresh };
    const none = await moved.send('/auth/me', { cookies: neighbour });
    assert.equal(none.body['code'], 'token_missing');
    const left = await moved.send('/auth/logout', { method: 'POST', cookies: both, headers: HERE });
    assert.deepEqual(Object.keys(readCookies(left)), [name, refreshName]);
    const { body: again } = await moved.login('jane');
    const formerOnly = { [ACCESS]: again['access_token'], [REFRESH]: again['refresh_token'] };
    const out = await moved.send('/auth/logout', {
      method: 'POST',
      cookies: formerOnly,
      headers: HERE,
    });
    assert.deepEqual(Object.keys(readCookies(out)), [name, refreshName, ACCESS, REFRESH]);
    assert.equal(await isSignedIn(access), true);
    await moved.close();
  });
});

suite('former names', () => {
  test('that programs on other paths or ports use twice are left alone', async () => {
    const neighboured = await startServer({ issuer: 'http://auth.example:8001' });
    await neighboured.register('jane');
    const { access } = await signIn();
    const json = { username: 'jane', password: PASSWORD };
    const foreign = 'latchkey_access=a.b.c; latchkey_refresh=';
    for (const other of ['x', 'd.e.f', access, '']) {
      const headers = { ...HERE, cookie: `${foreign}; latchkey_access=${other}` };
      const login = await neighboured.send('/auth/login?transport=cookie', { json, headers });
      assert.equal(login.status, 200, login.text);
      const set = readCookies(login);
      assert.deepEqual(Object.keys(set), ['latchkey_access_8001', 'latchkey_refresh_8001']);
      const me = await neighboured.send('/auth/me', { headers });
      assert.equal(me.body['code'], 'token_missing');
      const own = Object.entries(set).map(([name, { value }]) => `${name}=${value}`);
      const cookie = [...own, headers.cookie].join('; ');
      const both = { method: 'POST', headers: { ...HERE, cookie } };
      assert.equal((await neighboured.send('/auth/logout', both)).status, 204);
    }
    // Two of this issuer are two credentials. A sign-in, which needs none, replaces both.
    const { body } = await neighboured.login('jane');
    const cookie = `latchkey_access=${body['access_token']}; latchkey_access=${body['access_token']}`;
    assertProblem(await neighboured.send('/auth/me', { headers: { cookie } }), 400);
    const headers = { cookie };
    const login = await neighboured.send('/auth/login?transport=cookie', { json, headers });
    assert.equal(login.status, 200);
    assert.ok('latchkey_access' in readCookies(login));
    await neighboured.close();
  });
});

suite('a token that no cookie holds', () => {
  let pad = '';
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  const login = { json: { username: 'jane', password: PASSWORD } };

  test('is refused before anything is written, with a line in the log', async () => {
    const options = { logger: { level: 'warn', stream } };
    const signInByHost = (app: FastifyInstance) => {
      app.post('/own', async (_request, reply) => {
        const { auth, cookies } = app.latchkey;
        cookies.set(reply, requireTokens(await auth.login(login.json)));
        return {};
      });
    };
    const host = await startHost({ errors: 'all', claims: () => ({ pad }) }, signInByHost, options);
    const { body } = await host.register('jane');
    const byCookie = await host.send('/auth/login?transport=cookie', login);
    const { [REFRESH]: refresh, [ACCESS]: access } = readCookies(byCookie);
    host.clock.step(60);
    const countSessions = async () => {
      const answer = await host.send('/auth/sessions', { token: body['access_token'] });
      return answer.body['sessions'].length;
    };
    pad = 'x'.repeat(3000);
    const cookies = { [REFRESH]: refresh?.value ?? '' };
    const change = {
      cookies: { [ACCESS]: access?.value ?? '' },
      headers: HERE,
      json: { current_password: PASSWORD, new_password: 'another good one' },
    };
    for (const [path, request] of [
      ['/auth/login?transport=cookie', login],
      ['/auth/register?transport=cookie', { json: { username: 'joe', password: PASSWORD } }],
      ['/auth/refresh', { method: 'POST', cookies, headers: HERE }],
      ['/auth/password', change],
    ] as const) {
      lines.length = 0;
      const answer = await host.send(path, request);
      assertProblem(answer, 500, path);
      assert.deepEqual(answer.headers.getSetCookie(), []);
      const [line = '{}'] = lines;
      assert.match(JSON.parse(line).message, /^The token would have \d+ characters, and \d+ are /);
      assert.match(JSON.parse(line).message, /fit into a cookie/);
    }
    assert.equal(await countSessions(), 2);
    // A host that gives no limits is told only after its session was written, and sets no cookie either.
    const own = await host.send('/own', { method: 'POST' });
    assertProblem(own, 500);
    assert.deepEqual(own.headers.getSetCookie(), []);
    // The bodies of answers hold more, and nothing was used up.
    assert.equal((await host.send('/auth/login', login)).status, 200);
    assert.equal((await host.login('joe')).status, 401);
    pad = '';
    host.clock.step(60);
    const again = await host.send('/auth/refresh', { method: 'POST', cookies, headers: HERE });
    assert.equal(again.status, 200);
    await host.close();
  });

  test('is one that makes the whole cookie longer than 4,096 bytes, and no shorter one', async () => {
    for (const issuer of [ISSUER, `https://auth.example/${'_'.repeat(300)}`, 'http://localhost']) {
      let excess = 0;
      const host = await startHost({ issuer, audience: 'short' }, (app) => {
        app.get('/own', async (_request, reply) => {
          const { cookies } = app.latchkey;
          const signIn = requireTokens(await app.latchkey.auth.login(login.json));
          const accessToken = 'x'.repeat(cookies.limits.accessToken + excess);
          const refreshToken = 'x'.repeat(cookies.limits.refreshToken);
          const [expiresIn, refreshExpiresIn] = [9_999_999_999, 9_999_999_999];
          cookies.set(reply, { ...signIn, accessToken, refreshToken, expiresIn, refreshExpiresIn });
          return {};
        });
      });
      await host.register('jane');
      const set = (await host.send('/own')).headers
        .getSetCookie()
        .filter((it) => !it.includes('latchkey_device'));
      assert.deepEqual(
        set.map(({ length }) => length),
        [4096, 4096],
      );
      excess = 1;
      const refused = await host.send('/own');
      assert.deepEqual([refused.status, refused.headers.getSetCookie()], [500, []]);
      await host.close();
    }
  });

  test('may be a refresh token too, under an issuer that is very long', async () => {
    const issuer = `https://auth.example/${'a'.repeat(1400)}`;
    const logger = { level: 'warn', stream };
    const host = await startHost({ issuer, audience: 'short' }, () => {}, { logger });
    const { refreshToken } = host.app.latchkey.cookies.limits;
    assert.ok((await host.register('jane')).body['refresh_token'].length > refreshToken);
    lines.length = 0;
    const json = { username: 'jane', password: PASSWORD };
    assertProblem(await host.send('/auth/login?transport=cookie', { json }), 500);
    assert.match(JSON.parse(lines[0] ?? '{}').message, /fit into a cookie\. .* the issuer/);
    await host.close();
  });
});

suite('cookies of a host', () => {
  test('have the names it gives, and are the default where it says so', async () => {
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

  test('must have two different names that are names', async () => {
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

suite('a password change by cookie', () => {
  test('answers with new cookies, and the old ones are worth nothing', async () => {
    const { refresh, username, access, cookies } = await signIn();
    const answer = await send('/auth/password', {
      method: 'POST',
      cookies,
      headers: HERE,
      json: { current_password: PASSWORD, new_password: 'another good one' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['expires_in', 'user']);
    assert.equal(answer.body['user'].username, username);
    const set = readCookies(answer);
    assert.equal(await isSignedIn(set[ACCESS]?.value ?? ''), true);
    assert.equal(await isSignedIn(access), false);
    const old = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.equal(old.status, 401);
    const next = await send('/auth/refresh', { json: { refresh_token: set[REFRESH]?.value } });
    assert.equal(next.status, 200, next.text);
  });
});

suite('reauthentication by cookie', () => {
  test('answers with new cookies, and the old ones are worth nothing', async () => {
    const { refresh, access, cookies } = await signIn();
    const json = { password: PASSWORD };
    const answer = await send('/auth/reauthenticate', { cookies, headers: HERE, json });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.body).sort(), ['expires_in', 'user']);
    const set = readCookies(answer);
    assert.equal(await isSignedIn(set[ACCESS]?.value ?? ''), true);
    assert.equal(await isSignedIn(access), false);
    assert.equal((await send('/auth/refresh', { json: { refresh_token: refresh } })).status, 401);
  });
});

suite('a refresh by cookie', () => {
  test('answers by cookie, and one by body by body', async () => {
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

  test('that is refused clears both cookies', async () => {
    const { refresh, cookies, access } = await signIn();
    await send('/auth/logout', { method: 'POST', token: access });
    const ended = await send('/auth/refresh', { method: 'POST', cookies, headers: HERE });
    assertProblem(ended, 401);
    assertCleared(ended);
    for (const one of [{ [ACCESS]: access }, { [REFRESH]: refresh }]) {
      const left = await send('/auth/logout', { method: 'POST', cookies: one, headers: HERE });
      assertCleared(left);
    }
    const none = await send('/auth/refresh', { method: 'POST', headers: HERE });
    assertProblem(none, 401);
    assert.equal(none.body['code'], 'refresh_token_missing');
    const byBody = await send('/auth/refresh', { json: { refresh_token: refresh } });
    assert.deepEqual(byBody.headers.getSetCookie(), []);
  });

  test('opens no WebSocket for a page of another site, where it is a GET', async () => {
    const host = await startHost({ paths: { refresh: 'GET /refresh' } }, () => {});
    const { body } = await host.register('jane');
    const cookies = { [REFRESH]: body['refresh_token'] };
    const headers = { 'sec-websocket-version': '13', origin: 'https://attacker.example' };
    assertProblem(await host.send('/refresh', { cookies, headers }), 403);
    assert.equal((await host.send('/refresh', { cookies })).status, 200);
    await host.close();
  });

  test('is refused where a second token comes with it', async () => {
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

suite('an Authorization header that is not a token of ours, beside the cookies', () => {
  test('is left to whom it is meant for', async () => {
    for (const authorization of [
      'Basic amFuZTp4',
      'basic amFuZTp4',
      'Bearer',
      'Bearer null',
      'Bearer undefined',
      'Bearer opaque-token.of-a-gateway',
      'Bearer a.b.c.d.e',
      'Negotiate YIIJvwYGKwYBBQUCoIIJszCCCa+gJDAi',
      'Digest username="a.b.c", realm="x.y.z"',
      'Token a.b.c',
    ]) {
      const headers = { ...HERE, authorization };
      const { cookies, access, refresh } = await signIn();
      for (const path of ['/auth/me', '/auth/verify', '/auth/sessions']) {
        assert.equal((await send(path, { cookies, headers })).status, 200, authorization);
      }
      const answer = await send('/auth/refresh', { method: 'POST', cookies, headers });
      assert.equal(answer.status, 200, authorization);
      // The access cookie has expired, and the proxy's credentials still come.
      const late = await send('/auth/me', { cookies: { [REFRESH]: refresh }, headers });
      assert.equal(late.body['code'], 'token_missing', authorization);
      const { value } = readCookies(answer)[REFRESH] ?? { value: '' };
      const refreshOnly = { [REFRESH]: value };
      const left = await send('/auth/logout', { method: 'POST', cookies: refreshOnly, headers });
      assert.equal(left.status, 204, authorization);
      assert.equal(await isSignedIn(access), false, authorization);
    }
  });

  test('does not prove where the request comes from', async () => {
    const { cookies } = await signIn();
    const headers = { authorization: 'Basic amFuZTp4', origin: 'https://attacker.example' };
    for (const path of ['/auth/refresh', '/auth/logout']) {
      assertProblem(await send(path, { method: 'POST', cookies, headers }), 403, path);
    }
  });
});

/** The ways in which a token can come, each with a token of the session given. */
const carriers = {
  header: ({ access }) => ({ token: access }),
  'access cookie': ({ access }) => ({ cookies: { [ACCESS]: access } }),
  'refresh cookie': ({ refresh }) => ({ cookies: { [REFRESH]: refresh } }),
  body: ({ refresh }) => ({ json: { refresh_token: refresh } }),
  address: ({ access }) => ({ query: `?access_token=${access}` }),
} satisfies Record<string, (given: Awaited<ReturnType<typeof signIn>>) => object>;

suite('tokens that come in two ways', () => {
  const ways = Object.keys(carriers) as (keyof typeof carriers)[];
  const pairs = ways
    .flatMap((one, at) => ways.slice(at + 1).map((two) => [one, two] as const))
    // A browser sends both of its cookies.
    .filter((pair) => pair.join() !== 'access cookie,refresh cookie');
  for (const [one, two] of pairs) {
    test(`end no session: ${one} and ${two}`, async () => {
      const first = await signIn();
      for (const second of [first, await signIn()]) {
        const query = one === 'address' || two === 'address' ? carriers.address(first).query : '';
        const request = { ...carriers[one](first), ...carriers[two](second) };
        const answer = await send(`/auth/logout${query}`, {
          ...request,
          method: 'POST',
          headers: HERE,
        });
        assertProblem(answer, 400);
        assert.equal(answer.body['code'], 'multiple_credentials');
        assert.deepEqual(answer.headers.getSetCookie(), []);
        for (const { access } of [first, second]) assert.equal(await isSignedIn(access), true);
      }
    });
  }

  test('refresh no session where both are ours, of two sessions', async () => {
    const [first, second] = [await signIn(), await signIn()];
    const beside = [carriers.header(second), carriers['access cookie'](second)];
    clock.step(3600);
    for (const request of beside) {
      const answer = await send('/auth/refresh', { ...carriers.body(first), ...request });
      assertProblem(answer, 400);
      assert.equal(answer.body['code'], 'multiple_credentials');
    }
    // What clients send with every request: their own token, though it has expired, or none of ours.
    let { refresh } = first;
    for (const token of [first.access, 'null', 'a.b.c', 'opaque']) {
      const answer = await send('/auth/refresh', { json: { refresh_token: refresh }, token });
      assert.equal(answer.status, 200, token);
      refresh = answer.body['refresh_token'];
      clock.step(60);
    }
  });

  test('both end at a logout where they are the two cookies of a browser', async () => {
    const [first, second] = [await signIn(), await signIn()];
    const cookies = { [ACCESS]: first.access, [REFRESH]: second.refresh };
    const answer = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
    for (const { access } of [first, second]) assert.equal(await isSignedIn(access), false);
  });
});

suite('logout by cookie', () => {
  test('ends the session and clears both cookies', async () => {
    const { cookies, access } = await signIn();
    const answer = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
    assert.equal(await isSignedIn(access), false);
    const again = await send('/auth/logout', { method: 'POST', cookies, headers: HERE });
    assert.equal(again.status, 204);
    assertCleared(again);
  });

  test('works with the refresh cookie alone, and when the access cookie has expired', async () => {
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

  test('leaves cookies that are not ours alone', async () => {
    // Another installation of the very same names: those of one issuer.
    const other = await startServer();
    const { body } = await other.register('foreign');
    const { access, refresh } = await signIn();
    for (const foreign of [
      { [ACCESS]: body['access_token'], [REFRESH]: body['refresh_token'] },
      { [ACCESS]: 'x', [REFRESH]: 'y' },
      { [ACCESS]: refresh, [REFRESH]: access },
      { [ACCESS]: `${access}x`, [REFRESH]: `${refresh}x` },
    ]) {
      const request = { method: 'POST', cookies: foreign, headers: HERE };
      const logout = await send('/auth/logout', request);
      assert.equal(logout.status, 204);
      assert.deepEqual(logout.headers.getSetCookie(), []);
      const refused = await send('/auth/refresh', request);
      assertProblem(refused, 401);
      assert.equal(refused.body['code'], 'refresh_token_invalid');
      assert.deepEqual(refused.headers.getSetCookie(), []);
    }
    const planted = { [ACCESS]: access, [REFRESH]: body['refresh_token'] };
    const failed = await send('/auth/refresh', {
      method: 'POST',
      cookies: planted,
      headers: HERE,
    });
    assert.deepEqual([failed.status, failed.headers.getSetCookie()], [401, []]);
    const mixed = { [ACCESS]: body['access_token'], [REFRESH]: refresh };
    const logout = await send('/auth/logout', { method: 'POST', cookies: mixed, headers: HERE });
    assert.deepEqual(Object.keys(readCookies(logout)), [REFRESH]);
    assert.equal(await isSignedIn(access), false);
    await other.close();
  });

  test('signs the browser out even while the database is away, and says that the session goes on', async () => {
    const broken = await startServer();
    const { body } = await broken.register('jane');
    const [access, refresh] = [body['access_token'], body['refresh_token']];
    await internalsOf(broken.app).close();
    for (const cookies of [
      { [ACCESS]: access, [REFRESH]: refresh },
      { [ACCESS]: access },
      { [REFRESH]: refresh },
    ]) {
      const request = { method: 'POST', cookies, headers: HERE };
      const answer = await broken.send('/auth/logout', request);
      assertProblem(answer, 503);
      assertCleared(answer);
    }
    await broken.close();
  });

  test('sets no cookies where none came', async () => {
    const { access } = await signIn();
    const answer = await send('/auth/logout', { method: 'POST', token: access });
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test('clears an access cookie of ours that is not valid yet, or for another audience', async () => {
    const signingKey = SECRET;
    const nbf = Math.floor(Date.now() / 1000) + 3600;
    const options = { algorithm: 'HS256', signingKey } as const;
    const early = await startHost({ ...options, claims: () => ({ nbf }) }, () => {});
    const other = await startHost({ ...options, audience: 'other' }, () => {});
    const host = await startHost(options, () => {});
    for (const issuing of [early, other]) {
      const { body } = await issuing.register('jane');
      const cookies = { [ACCESS]: body['access_token'] };
      const answer = await host.send('/auth/logout', { method: 'POST', cookies, headers: HERE });
      assertCleared(answer);
      await issuing.close();
    }
    await host.close();
  });

  test('everywhere clears them too', async () => {
    const { cookies, access } = await signIn();
    const answer = await send('/auth/logout/all', { method: 'POST', cookies, headers: HERE });
    assert.equal(answer.status, 204);
    assertCleared(answer);
    assert.equal(await isSignedIn(access), false);
  });
});

suite('a request that a cookie authenticates and that changes something', () => {
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
    { path: '/auth/reauthenticate', method: 'POST', done: 400 },
    { path: '/auth/sessions/01890000-0000-7000-8000-000000000000', method: 'DELETE', done: 404 },
  ];

  for (const { path, method, done } of changes) {
    test(`passes at ${method} ${path} only with proof that it is same-origin`, async () => {
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
            // On a LAN address it is the issuer that is wrong.
            assert.match(
              String(answer.body['detail']),
              new RegExp(`LATCHKEY_ISSUER \\(${ISSUER} now\\).*LATCHKEY_CORS_ORIGINS`),
            );
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

  test('needs no proof where it only reads', async () => {
    const { cookies } = await signIn();
    for (const path of ['/auth/me', '/auth/sessions', '/auth/verify']) {
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://attacker.example' };
      assert.equal((await send(path, { cookies, headers })).status, 200);
    }
  });

  test('needs no proof where a header authenticates it, which no page can make a browser send', async () => {
    const { access } = await signIn();
    const headers = { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' };
    const answer = await send('/auth/logout', { method: 'POST', token: access, headers });
    assert.equal(answer.status, 204);
  });
});

suite('a request for cookies', () => {
  test('is refused where a page of another site sends it, to sign its visitor in as the attacker', async () => {
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

suite('CORS', () => {
  const preflight = (origin: string, method = 'POST') =>
    send('/auth/login', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,authorization',
      },
    });

  test('allows the origins of the settings, with credentials', async () => {
    for (const origin of [APP, 'http://localhost:3000']) {
      for (const method of ['POST', 'DELETE', 'PATCH']) {
        const answer = await preflight(origin, method);
        assert.equal(answer.status, 204);
        assert.equal(answer.headers.get('access-control-allow-origin'), origin);
        assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
        assert.match(answer.headers.get('access-control-allow-methods') ?? '', new RegExp(method));
        assert.match(answer.headers.get('access-control-allow-headers') ?? '', /authorization/);
        assert.match(answer.headers.get('vary') ?? '', /Origin/i);
        assert.equal(answer.headers.get('access-control-max-age'), '600');
      }
    }
  });

  test('lets their scripts read answers, refusals and what these ask for', async () => {
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

  test('allows no other origin', async () => {
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

  test('allows origins of apps and extensions, each exactly', async () => {
    const origins = [
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'app://-',
      'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      'moz-extension://1f1c2bd0-8a3c-4d4a-9e4c-0b6f0a1d2e3f',
      'http://tauri.localhost',
    ];
    const apps = await startServer({ corsOrigins: origins });
    const { body } = await apps.send('/auth/register?transport=cookie', {
      json: { username: 'jane', password: PASSWORD },
      headers: { origin: origins[0] ?? '' },
    });
    assert.equal(body['user']?.username, 'jane');
    const near = ['capacitor://localhost2', 'CAPACITOR://localhost', 'capacitor://localhost:1'];
    for (const origin of [...origins, ...near, 'capacitor://', 'null']) {
      const answer = await apps.send('/auth/me', { headers: { origin } });
      const expected = origins.includes(origin) ? origin : null;
      assert.equal(answer.headers.get('access-control-allow-origin'), expected, origin);
      const headers = { origin, 'sec-fetch-site': 'cross-site' };
      const login = await apps.send('/auth/login?transport=cookie', {
        json: { username: 'jane', password: PASSWORD },
        headers,
      });
      assert.equal(login.status, expected === null ? 403 : 200, origin);
    }
    await apps.close();
  });

  test('lets a host use its own methods and headers', async () => {
    const ask = async (options: AppOptions, method: string) => {
      const app = await createApp({
        ...testOptions(),
        logger: false,
        corsOrigins: [APP],
        ...options,
      });
      app.put('/things', async (_request, reply) => reply.header('etag', '"1"').send({}));
      const headers = { origin: APP, 'access-control-request-method': method };
      const asked = await app.inject({ method: 'OPTIONS', url: '/things', headers });
      const sent = await app.inject({ method: 'PUT', url: '/things', headers });
      await app.close();
      return [
        String(asked.headers['access-control-allow-methods']),
        String(sent.headers['access-control-expose-headers']),
      ] as const;
    };
    const [usual] = await ask({}, 'PUT');
    assert.deepEqual(usual.split(', '), ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
    const cors = { methods: ['GET', 'QUERY'], exposedHeaders: ['ETag', 'X-Total-Count'] };
    const [methods, exposed] = await ask({ cors }, 'QUERY');
    // The headers that Latchkey's own routes need stay.
    const own = ['DELETE', 'PATCH', 'POST', 'PUT'];
    assert.deepEqual(methods.split(', ').sort(), [...own, 'GET', 'QUERY'].sort());
    const [without] = await ask({ cors, paths: { adminSetRoles: false } }, 'QUERY');
    assert.ok(!without.split(', ').includes('PUT'), without);
    const paths = { adminSetRoles: false, password: 'PUT /auth/password' } as const;
    const [renamed] = await ask({ cors, paths }, 'PUT');
    assert.ok(renamed.split(', ').includes('PUT'), renamed);
    assert.equal(exposed, 'WWW-Authenticate, Retry-After, RateLimit, ETag, X-Total-Count');
    for (const wrong of [
      { methods: ['GET, PUT'] },
      { methods: ['GET', 'put'] },
      { methods: ['*'] },
      { methods: 'PUT' as never },
      { exposedHeaders: ['*'] },
      { exposedHeaders: ['a\r\nb'] },
    ]) {
      await assert.rejects(ask({ cors: wrong }, 'GET'), { code: 'invalid_setting' });
    }
  });

  test('is off where no origin is set', async () => {
    const closed = await startServer();
    const answer = await closed.send('/auth/me', { headers: { origin: APP } });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    await closed.close();
  });
});
