import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { combineGuards, createGuard, type Guard, type GuardOptions } from 'latchkey/guard';
import { getUser, requireUser as requireExpressUser } from 'latchkey/guard/express';
import { findUser, latchkeyGuard } from 'latchkey/guard/fastify';
import { requireUser as requireHonoUser } from 'latchkey/guard/hono';
import { latchkey } from 'latchkey/server';
import { createTestIssuer } from 'latchkey/testing';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { startHost, testOptions } from '../support/server.ts';
import { listen } from './adapters/listen.ts';

declare module 'latchkey/guard' {
  interface UserDecorations {
    staff: { readonly team: string };
  }
}

const A = 'https://a.example';
const B = 'https://b.example';

/** Two issuers whose keys have the same name and whose tokens name each other's subjects. */
function createPair(more: { a?: Partial<GuardOptions>; b?: Partial<GuardOptions> } = {}) {
  const now = 1_800_000_000;
  const clock = { now: () => now * 1000 };
  const make = (issuer: string, options: Partial<GuardOptions> = {}) => {
    const key = { ...generateSigningKey('ES256'), kid: 'same' };
    const jwk = { ...key.publicKey.export({ format: 'jwk' }), kid: 'same' };
    const sign = createSigner(key, 'at+jwt');
    return {
      guard: createGuard({ keys: jwk, issuer, clock, ...options } as GuardOptions),
      sign: (changed: object = {}) =>
        sign({
          iss: issuer,
          sub: 'alice',
          aud: issuer,
          client_id: 'latchkey',
          iat: now,
          exp: now + 900,
          jti: `${issuer} token`,
          sid: 'session',
          auth_time: now,
          ...changed,
        }),
    };
  };
  const a = make(A, more.a);
  const b = make(B, more.b);
  return { a, b, guard: combineGuards(a.guard, b.guard) };
}

const byHeader = (token: string) => ({
  method: 'POST',
  headers: { authorization: `Bearer ${token}` },
});
const byCookie = (token: string, more: object = {}) => ({
  method: 'POST',
  headers: { cookie: `__Host-latchkey_access=${token}`, ...more },
});

test('a combined guard has each token verified only by the guard of its issuer', async () => {
  const { a, b, guard } = createPair();
  for (const [own, issuer] of [
    [a, A],
    [b, B],
  ] as const) {
    assert.equal(guard.verify(own.sign()).iss, issuer);
    assert.equal((await guard.authenticate(byHeader(own.sign()))).iss, issuer);
    assert.equal((await guard.authenticate(byHeader(own.sign()))).iss, issuer, 'again');
  }
  const refused = [
    // Signed by one in the other's name, in both directions.
    [a.sign({ iss: B, aud: B }), 'token_bad_signature'],
    [b.sign({ iss: A, aud: A }), 'token_bad_signature'],
    // For the other's audience.
    [a.sign({ aud: B }), 'token_wrong_audience'],
    [b.sign({ aud: A }), 'token_wrong_audience'],
    [a.sign({ iss: 'https://c.example' }), 'token_wrong_issuer'],
    [a.sign({ iss: '__proto__' }), 'token_wrong_issuer'],
    [a.sign({ iss: [A, B] }), 'token_malformed'],
    [a.sign({ iss: undefined }), 'token_malformed'],
    ['x', 'token_malformed'],
    [`.${'A'.repeat(9000)}.`, 'token_malformed'],
  ] as const;
  for (const [token, code] of refused) {
    assert.throws(() => guard.verify(token), { code }, code);
    assert.throws(() => guard.authenticate(byHeader(token)), { code }, code);
  }
  for (const token of [undefined, null, {}, 5]) {
    assert.throws(() => guard.verify(token as never), { code: 'token_malformed' });
  }
  assert.throws(() => guard.authenticate({ method: 'GET', headers: {} }), {
    code: 'token_missing',
  });
});

test('roles, optional routes and web requests work with a combined guard', async () => {
  const { a, b, guard } = createPair();
  const check = guard.require({ roles: ['admin'] });
  assert.equal((await check(byHeader(b.sign({ roles: ['admin'] })))).iss, B);
  assert.throws(() => check(byHeader(a.sign())), { code: 'insufficient_role' });
  assert.throws(() => guard.require({ role: 'admin' } as never), TypeError);
  assert.throws(() => guard.require(undefined), TypeError);
  const optional = guard.require({ optional: true });
  for (const headers of [{}, { authorization: 'Basic amFuZTp4' }]) {
    assert.equal(await optional({ method: 'GET', headers }), undefined);
  }
  assert.throws(() => optional(byHeader(`${a.sign()}A`)), { code: 'token_bad_signature' });
  const handler = guard.protect((_request, user) => Response.json({ iss: user.iss }));
  const answer = await handler(new Request('https://api.example', byHeader(b.sign())));
  assert.deepEqual(await answer.json(), { iss: B });
  assert.equal((await handler(new Request('https://api.example'))).status, 401);
});

test('each guard keeps its cookies and origins', async () => {
  const shared = createPair({
    a: { origins: ['https://app-a.example'] },
    b: { origins: ['https://app-b.example'] },
  });
  const at = (origin: string) => ({ origin });
  const { a, b, guard } = shared;
  const good = byCookie(b.sign(), at('https://app-b.example'));
  assert.equal((await guard.authenticate(good)).iss, B);
  const crossed = byCookie(b.sign(), at('https://app-a.example'));
  assert.throws(() => guard.authenticate(crossed), { code: 'cross_site_request' });
  assert.throws(() => guard.authenticate(byCookie(a.sign())), { code: 'cross_site_request' });

  const apart = createPair({ a: { cookies: { access: 'a' } }, b: { cookies: false } });
  const cookie = (token: string, more: object = {}) => ({
    method: 'GET',
    headers: { cookie: `__Host-a=${token}`, ...more },
  });
  assert.equal((await apart.guard.authenticate(cookie(apart.a.sign()))).iss, A);
  // HTTP Basic means nothing beside A's cookie, although B knows no cookie.
  const basic = cookie(apart.a.sign(), { authorization: 'Basic amFuZTp4' });
  assert.equal((await apart.guard.authenticate(basic)).iss, A);
  const foreign = cookie(apart.b.sign());
  assert.throws(() => apart.guard.authenticate(foreign), { code: 'token_missing' });
  const two = cookie(apart.a.sign(), { authorization: `Bearer ${apart.b.sign()}` });
  assert.throws(() => apart.guard.authenticate(two), { code: 'multiple_credentials' });
});

test('each guard keeps its revocations, and an unreachable issuer affects only its own guard', async () => {
  const one = createTestIssuer({ issuer: A });
  const other = createTestIssuer({ issuer: B });
  const guard = combineGuards(one.guard, other.guard);
  // Both give their sessions the same ids.
  const [alice, bob] = [one.signInAs(), other.signInAs()];
  assert.equal(alice.user.sid, bob.user.sid);
  one.revoke(alice);
  assert.throws(() => guard.verify(alice.token), { code: 'token_revoked' });
  assert.equal(guard.verify(bob.token).iss, B);

  const fetch = async () => {
    throw new Error('away');
  };
  const away = createGuard({ issuer: 'https://away.example', fetch });
  const partly = combineGuards(away, other.guard);
  assert.equal(partly.verify(bob.token).iss, B);
  const { ready, issuers, keys } = partly.status();
  assert.deepEqual(
    [ready, keys.kids.length, Object.keys(issuers ?? {})],
    [false, 1, ['https://away.example', B]],
  );
  partly.close();
  await assert.rejects(partly.ready(), { code: 'guard_not_ready' });
});

test('guards without different issuers cannot be combined', () => {
  const keys = generateSigningKey('ES256').publicKey;
  const named = () => createGuard({ keys, issuer: A });
  for (const guards of [
    [],
    [createGuard({ keys })],
    [named(), named()],
    [undefined],
    [{}],
    [{ issuer: A }],
    [combineGuards(named())],
  ]) {
    assert.throws(() => combineGuards(...(guards as Guard[])), TypeError);
  }
});

test('two guards share an app under two names, in every framework', async (t) => {
  const users = createTestIssuer({ issuer: A });
  const staff = createTestIssuer<{ team: string }>({ issuer: B });
  const alice = users.signInAs({ username: 'alice' });
  const bob = staff.signInAs({ username: 'bob', claims: { team: 'red' } });

  const fastify = Fastify({ forceCloseConnections: true });
  await fastify.register(latchkeyGuard, { guard: users.guard });
  await fastify.register(latchkeyGuard, { guard: staff.guard, as: 'staff' });
  fastify.get('/user', { onRequest: fastify.requireUser() }, ({ user }) => user.username);
  fastify.get('/staff', { onRequest: fastify.requireStaff() }, (request) => {
    assert.throws(() => request.user, /requireUser/);
    assert.equal(findUser(request), undefined);
    assert.equal(findUser(request, 'staff')?.team, request.staff.team);
    return request.staff.team;
  });
  t.after(() => fastify.close());

  const hono = new Hono();
  hono.get('/user', requireHonoUser(users.guard), (c) => c.text(c.var.user.username ?? ''));
  hono.get('/staff', requireHonoUser(staff.guard, {}, { as: 'staff' }), (c) =>
    c.text(c.var.staff.team),
  );

  const app = express();
  app.get('/user', requireExpressUser(users.guard), (request, response) => {
    response.send(request.user.username);
  });
  app.get('/staff', requireExpressUser(staff.guard, {}, { as: 'staff' }), (request, response) => {
    assert.equal(request.user, undefined);
    assert.equal(getUser(request, 'staff').team, request.staff.team);
    response.send(request.staff.team);
  });
  const server = await listen(createServer(app));
  t.after(() => server.close());

  const ways: ((path: string, token: string) => Promise<{ status: number; text: string }>)[] = [
    async (url, token) => {
      const { statusCode, payload } = await fastify.inject({
        url,
        headers: { authorization: token },
      });
      return { status: statusCode, text: payload };
    },
    async (path, authorization) => {
      const answer = await hono.request(path, { headers: { authorization } });
      return { status: answer.status, text: await answer.text() };
    },
    async (path, authorization) => {
      const answer = await fetch(server.url + path, { headers: { authorization } });
      return { status: answer.status, text: await answer.text() };
    },
  ];
  for (const ask of ways) {
    assert.deepEqual(await ask('/user', `Bearer ${alice.token}`), { status: 200, text: 'alice' });
    assert.deepEqual(await ask('/staff', `Bearer ${bob.token}`), { status: 200, text: 'red' });
    assert.equal((await ask('/user', `Bearer ${bob.token}`)).status, 401);
    assert.equal((await ask('/staff', `Bearer ${alice.token}`)).status, 401);
  }
});

test("the server's own users may have another name if another plugin adds user", async () => {
  const host = await startHost(
    { as: 'account' },
    (app) => {
      const { requireAccount } = app as unknown as { requireAccount: typeof app.requireUser };
      app.get('/mine', { onRequest: requireAccount() }, (request) => ({
        mine: (request as unknown as { account: { username: string } }).account.username,
        theirs: request.user,
      }));
    },
    {
      before: (app) => app.decorateRequest('user', { getter: () => 'of another plugin' as never }),
    },
  );
  const token = String((await host.register('jane')).body['access_token']);
  assert.deepEqual((await host.send('/mine', { token })).body, {
    mine: 'jane',
    theirs: 'of another plugin',
  });
  assert.equal((await host.send('/auth/me', { token })).body['username'], 'jane');
  assert.equal((await host.send('/auth/sessions', { token })).status, 200);
  assert.equal((await host.send('/auth/logout/all', { method: 'POST', token })).status, 204);
  await host.close();
});

test('a name that could replace an existing property is refused', async () => {
  const { guard } = createTestIssuer();
  for (const as of ['', 'a b', '1a', '__proto__', 'constructor', 'toString', 5, undefined, null]) {
    const options = { as } as { as: string };
    assert.throws(() => requireExpressUser(guard, {}, options), TypeError, String(as));
    assert.throws(() => requireHonoUser(guard, {}, options), TypeError, String(as));
    await assert.rejects(
      async () => Fastify().register(latchkeyGuard, { guard, ...options }),
      TypeError,
    );
    await assert.rejects(
      async () => Fastify().register(latchkey, { ...testOptions(), ...options }),
      TypeError,
    );
  }
  assert.throws(
    () => requireHonoUser(guard, {}, { name: 'staff' } as never),
    /"as"|options are as/,
  );
});
