import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { temporaryFolder } from '../store/folder.ts';
import { assertDiscreet, assertProblem } from '../support/refusals.ts';
import {
  internalsOf,
  PASSWORD,
  sendBytes,
  startHost,
  startServer,
  type TestRequest,
} from '../support/server.ts';
import { encode, signSegments, tokenAttacks } from '../support/tokens.ts';

const COOKIE = 'latchkey_access';

const server = await startServer({ issuer: 'http://auth.example', algorithm: 'RS256' });
const { send, clock, port } = server;
const { body: signedIn } = await server.register('jane');
const token: string = signedIn['access_token'];
const refreshToken: string = signedIn['refresh_token'];
const key = internalsOf(server.app).auth.keys.signing;

const WAYS: Record<string, (token: string) => TestRequest> = {
  'the header': (text) => ({ headers: { authorization: `Bearer ${text}` } }),
  'the cookie': (text) => ({ cookies: { [COOKIE]: text } }),
};

/** The token with other claims, rightly signed. */
function resign(changes: Record<string, unknown>): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return signSegments(key, header, encode({ ...claims, ...changes }));
}

suite('an access token', () => {
  for (const [way, bring] of Object.entries(WAYS)) {
    test(`is accepted in ${way}`, async () => {
      assert.equal((await send('/auth/me', bring(token))).status, 200);
      assert.equal((await send('/auth/me', bring(resign({ nbf: 1 })))).status, 200);
    });

    test(`is refused in ${way} when it is anything but what was issued`, async () => {
      const attacks = tokenAttacks({ token, key });
      assert.ok(attacks.length > 150);
      for (const attack of attacks) {
        const answer = await send('/auth/me', bring(attack.token));
        // A header that is not of the form is told from a token that is not.
        const formless = way === 'the header' && !/^[\w\-.~+/]+=*$/.test(attack.token);
        assertProblem(answer, 401, attack.name);
        const code = formless ? 'token_malformed' : attack.code;
        assert.equal(answer.body['code'], code, attack.name);
        const challenge = answer.headers.get('www-authenticate') ?? '';
        assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"\\]+"$/);
        assertDiscreet(challenge, attack.name);
      }
      assert.equal((await send('/auth/me', bring(token))).status, 200);
    });

    test(`is refused in ${way} for logout and for the proxy's question too`, async () => {
      for (const attack of tokenAttacks({ token, key }).slice(0, 40)) {
        assert.equal((await send('/auth/verify', bring(attack.token))).status, 401, attack.name);
        if (way === 'the cookie') continue;
        const logout = await send('/auth/logout', { method: 'POST', ...bring(attack.token) });
        assert.equal(logout.status, 401, attack.name);
      }
      assert.equal((await send('/auth/me', bring(token))).status, 200);
    });

    test(`is not replaced by a refresh token in ${way}`, async () => {
      const answer = await send('/auth/me', bring(refreshToken));
      assertProblem(answer, 401);
      assert.equal(answer.body['code'], 'token_untrusted');
    });
  }

  test('is no refresh token, whatever is done to it', async () => {
    for (const { name, token: text } of [
      { name: 'itself', token },
      ...tokenAttacks({ token: refreshToken, key }),
    ]) {
      const json = { refresh_token: text };
      if (text === '' || text.length > 8192) continue;
      const answer = await send('/auth/refresh', { json });
      assertProblem(answer, 401, name);
      assert.equal(answer.body['code'], 'refresh_token_invalid', name);
    }
  });

  test('is refused in the address, where it would be logged', async () => {
    for (const query of [`access_token=${token}`, `x=1&access_token=${token}`, 'access_token=']) {
      for (const request of [{}, { token }, { cookies: { [COOKIE]: token } }]) {
        const answer = await send(`/auth/me?${query}`, request);
        assertProblem(answer, 400, query);
        assert.equal(answer.body['code'], 'multiple_credentials');
      }
    }
    assertProblem(await send(`/auth/me?access%5Ftoken=${token}`), 400);
    const other = await send('/auth/me?provider_access_token=x', { token });
    assert.equal(other.status, 200);
  });

  test('is refused when it comes in two ways', async () => {
    const other: string = (await server.register('john')).body['access_token'];
    for (const cookie of [token, other, 'x']) {
      const answer = await send('/auth/me', { token, cookies: { [COOKIE]: cookie } });
      assertProblem(answer, 400);
      assert.equal(answer.body['code'], 'multiple_credentials');
    }
    // Alone, what is not ours is still refused.
    for (const authorization of ['Basic amFuZTp4', 'Bearer', 'Bearer null', 'Bearer a.b']) {
      const answer = await send('/auth/me', { headers: { authorization } });
      assertProblem(answer, 401, authorization);
      assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    }
  });

  test('is refused in two cookies or two headers, whichever comes first', async () => {
    const ask = (...headers: string[]) =>
      sendBytes(
        port,
        `${['GET /auth/me HTTP/1.1', 'Host: a', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`,
      );
    const bad = [
      [`Cookie: ${COOKIE}=${token}; ${COOKIE}=x`],
      [`Cookie: ${COOKIE}=x; ${COOKIE}=${token}`],
      [`Cookie: ${COOKIE}=${token}; ${COOKIE}=`],
      [`Cookie: ${COOKIE} =x; ${COOKIE}=${token}`],
      [`Cookie: ${COOKIE}=${token};${COOKIE}=${token}`],
      [`Cookie: ${COOKIE}=x`, `Cookie: ${COOKIE}=${token}`],
      [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
      [`Authorization: Bearer ${token}`, 'authorization: Bearer x'],
      [`AUTHORIZATION: Bearer x`, `Authorization: Bearer ${token}`],
    ];
    for (const headers of bad)
      assert.match(await ask(...headers), /^HTTP\/1.1 400 /, headers.join());
    const good = [
      [`Cookie: a=1; ${COOKIE}=${token}; b=2`],
      [`Cookie: x${COOKIE}=x; ${COOKIE}=${token}; ${COOKIE}x=y`],
      [`Cookie: ${COOKIE}=${token}`, `Cookie: other=${COOKIE}`],
      [`authorization: bearer ${token}`],
    ];
    for (const headers of good)
      assert.match(await ask(...headers), /^HTTP\/1.1 200 /, headers.join());
  });

  test('is taken from a cookie exactly as it was issued', async () => {
    for (const spelling of [`"${token}"`, token.replace('.', '%2E'), `%20${token}`]) {
      const answer = await send('/auth/me', { cookies: { [COOKIE]: spelling } });
      assert.equal(answer.status, 401, spelling);
    }
  });

  test('comes after one word and one space', async () => {
    const challenged = async (authorization: string) => {
      const answer = await send('/auth/me', { headers: { authorization } });
      assertProblem(answer, 401, authorization);
      return answer;
    };
    for (const header of [
      'Bearer',
      'Bearer ,',
      token,
      `Bearer,${token}`,
      `Bearer\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},`,
      `Bearer "${token}"`,
      `Bearer token=${token}`,
      `Token ${token}`,
      `JWT ${token}`,
      `Bearer: ${token}`,
      'Basic amFuZTp4',
      `Basic amFuZTp4, Bearer ${token}`,
      'Digest username="jane"',
    ]) {
      const answer = await challenged(header);
      assert.equal(answer.body['code'], 'token_malformed', header);
      assert.match(answer.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
    }
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
      const headers = { authorization: `${scheme} ${token}` };
      assert.equal((await send('/auth/me', { headers })).status, 200, scheme);
    }
  });

  test('is asked for without an error code where none came', async () => {
    for (const path of ['/auth/me', '/auth/sessions', '/auth/verify']) {
      for (const headers of [{}, { authorization: '' }, { cookie: `${COOKIE}=` }]) {
        const answer = await send(path, { headers });
        assertProblem(answer, 401, path);
        assert.equal(answer.body['code'], 'token_missing');
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      }
    }
    const cookies = { latchkey_refresh: refreshToken };
    const { body } = await send('/auth/me', { cookies });
    assert.match(body['detail'], /You must refresh/);
  });

  test('is refused once it has expired, by seconds of tolerance later', async () => {
    const { body } = await server.register('timely');
    const request = { token: body['access_token'] };
    clock.step(900 + 4);
    assert.equal((await send('/auth/me', request)).status, 200);
    clock.step(1);
    const answer = await send('/auth/me', request);
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'token_expired');
    clock.step(-905);
    assert.equal((await send('/auth/me', request)).status, 200);
  });

  test('stays refused after logout, though the clock steps', async () => {
    const { body } = await server.register('stepper');
    const request = { token: body['access_token'] };
    await send('/auth/logout', { method: 'POST', ...request });
    for (const seconds of [0, 600, -1200, 600]) {
      clock.step(seconds);
      assert.equal((await send('/auth/me', request)).status, 401);
    }
  });

  test('of another server is refused', async () => {
    const other = await startServer({ issuer: 'http://auth.example', algorithm: 'RS256' });
    const { body } = await other.register('jane');
    const answer = await send('/auth/me', { token: body['access_token'] });
    assertProblem(answer, 401);
    assert.equal(answer.body['code'], 'token_untrusted');
    await other.close();
  });
});

suite('what a token must allow', () => {
  test('is answered with 403 and the required scopes', async () => {
    const host = await startHost(
      { scopes: () => ['read', 'write'], accessTokenTtl: '1h' },
      (app) => {
        const need = (path: string, requirements: Parameters<typeof app.requireUser>[0]) =>
          app.get(path, { onRequest: app.requireUser(requirements) }, () => ({ ok: true }));
        need('/write', { scopes: ['write'] });
        need('/both', { scopes: ['read', 'write'] });
        need('/erase', { scopes: ['read', 'erase'] });
        need('/admin', { roles: ['admin', 'root'] });
        need('/nobody', { roles: [] });
        need('/recent', { maxAuthAge: 60 });
        need('/all', { roles: ['admin'], scopes: ['read'], maxAuthAge: 60 });
      },
    );
    const { body: user } = await host.register('jane');
    const ask = (path: string, token = user['access_token']) => host.send(path, { token });
    assert.equal((await ask('/write')).status, 200);
    assert.equal((await ask('/both')).status, 200);
    assert.equal((await ask('/recent')).status, 200);

    const scope = await ask('/erase');
    assertProblem(scope, 403);
    assert.equal(scope.body['code'], 'insufficient_scope');
    const challenge = scope.headers.get('www-authenticate') ?? '';
    assert.match(challenge, /^Bearer error="insufficient_scope", .*, scope="read erase"$/);

    const role = await ask('/admin');
    assertProblem(role, 403);
    assert.equal(role.body['code'], 'insufficient_role');
    assert.match(role.body['detail'], /admin, root/);
    assertProblem(await ask('/nobody'), 403);
    assertProblem(await host.send('/admin'), 401);

    await host.app.latchkey.users.setRoles(user['user'].id, ['root']);
    assert.equal((await ask('/admin')).status, 401);
    const { body: root } = await host.login('jane');
    assert.equal((await ask('/admin', root['access_token'])).status, 200);

    const narrow = await host.send('/auth/login', {
      json: { username: 'jane', password: PASSWORD, scope: 'write erase' },
    });
    assert.equal(narrow.body['scope'], 'write');
    assert.equal((await ask('/write', narrow.body['access_token'])).status, 200);
    assert.equal((await ask('/both', narrow.body['access_token'])).status, 403);
    const refreshed = await host.send('/auth/refresh', {
      json: { refresh_token: narrow.body['refresh_token'] },
    });
    assert.equal(refreshed.body['scope'], 'write');

    await host.app.latchkey.users.setRoles(user['user'].id, ['admin']);
    const { body: admin } = await host.login('jane');
    assert.equal((await ask('/all', admin['access_token'])).status, 200);
    host.clock.step(61);
    const stale = await ask('/all', admin['access_token']);
    assertProblem(stale, 401);
    assert.equal(stale.body['code'], 'insufficient_user_authentication');
    assert.match(
      stale.headers.get('www-authenticate') ?? '',
      /^Bearer error="insufficient_user_authentication", .*, max_age="60"$/,
    );
    assert.equal(stale.body['max_age'], 60);
    // To refresh is not to give the password again.
    const again = await host.send('/auth/refresh', {
      json: { refresh_token: admin['refresh_token'] },
    });
    assert.equal((await ask('/recent', again.body['access_token'])).status, 401);
    const renewed = await host.send('/auth/reauthenticate', {
      json: { password: PASSWORD },
      token: again.body['access_token'],
    });
    assert.equal((await ask('/all', renewed.body['access_token'])).status, 200);
    const { body: later } = await host.login('jane');
    assert.equal((await ask('/recent', later['access_token'])).status, 200);
    await host.close();
  });

  test('are the permissions of its roles, by the map of the server', async (t) => {
    const permissions = { author: ['posts:write'], editor: ['posts:write', 'posts:publish'] };
    const databaseUrl = `sqlite:${join(temporaryFolder(t), 'a.db')}`;
    const start = (map: Record<string, string[]>) =>
      startHost({ permissions: map, databaseUrl }, (app) => {
        const onRequest = app.requireUser({ permissions: ['posts:publish'] });
        app.get('/publish', { onRequest }, ({ user }) => ({ held: user.entitlements }));
      });
    const host = await start(permissions);
    const { body: registered } = await host.register('jane');
    const refused = await host.send('/publish', { token: registered['access_token'] });
    assertProblem(refused, 403);
    assert.equal(refused.body['code'], 'insufficient_permission');
    assert.match(refused.body['detail'], /posts:publish/);

    await host.app.latchkey.users.setRoles(registered['user'].id, ['editor', 'author', 'other']);
    const { body: editor } = await host.login('jane');
    const token: string = editor['access_token'];
    const published = await host.send('/publish', { token });
    assert.deepEqual(published.body, { held: ['posts:publish', 'posts:write'] });

    // The token has the permission still, and the map no longer gives it to the role.
    const next = await start({ ...permissions, editor: ['posts:write'] });
    assert.equal((await next.send('/publish', { token })).status, 403);
    const refreshed = await next.send('/auth/refresh', {
      json: { refresh_token: editor['refresh_token'] },
    });
    const { entitlements } = host.app.latchkey.verify(refreshed.body['access_token']);
    assert.deepEqual(entitlements, ['posts:write']);
  });

  test('is a list of names, or the start fails', async () => {
    const wrong = startHost({ permissions: { editor: ['posts write'] } }, () => {});
    await assert.rejects(wrong, /permissions .*"editor".* Write names without spaces/);
  });
});
