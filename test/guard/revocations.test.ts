import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createGuard, type Guard, type GuardStatus, type StalePolicy } from 'latchkey/guard';
import { TestClock } from '../support/auth.ts';
import { ISSUER, internalsOf, startServer } from '../support/server.ts';

/** A server, and a guard whose feed can be cut. */
async function setUp(t: TestContext, onStale?: StalePolicy) {
  const clock = new TestClock(Date.now());
  const server = await startServer({ clock });
  const { key } = await server.app.latchkey.clients.create({ name: 'orders', kind: 'guard' });
  let cut = new AbortController();
  const statuses: GuardStatus[] = [];
  const guard = createGuard({
    issuer: ISSUER,
    jwksUri: `${server.url}/.well-known/jwks.json`,
    clock,
    revocations: {
      credential: key,
      url: `${server.url}/auth/revocations`,
      introspectionUrl: `${server.url}/auth/introspect`,
      ...(onStale === undefined ? {} : { onStale }),
    },
    fetch: (url, init) => {
      if (!url.endsWith('/revocations')) return fetch(url, init);
      const signal = init.signal ? AbortSignal.any([init.signal, cut.signal]) : cut.signal;
      return fetch(url, { ...init, signal });
    },
    onStatus: (status) => statuses.push(status),
  });
  t.after(() => guard.close());
  await guard.ready();
  await until(() => guard.status().revocations?.connected === true);
  const signIn = async (username: string) => {
    const { body } = await server.register(username);
    const token: string = body['access_token'];
    return token;
  };
  const logOut = async (token: string) => {
    const { status } = await server.send('/auth/logout', { method: 'POST', token });
    assert.equal(status, 204);
  };
  return {
    clock,
    server,
    guard,
    statuses,
    signIn,
    logOut,
    async cutFeed() {
      cut.abort();
      await until(() => guard.status().revocations?.connected === false);
    },
    restoreFeed: () => {
      cut = new AbortController();
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(20_000);
  while (!isSo()) {
    assert.ok(!limit.aborted, 'not in time');
    await wait(2);
  }
}

const isRevoked = (guard: Guard, token: string) => () => {
  try {
    guard.verify(token);
    return false;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'token_revoked');
    return true;
  }
};
const ask = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const STALE = { code: 'revocations_stale' };

test('tokens that are revoked at the server are refused at the guard', async (t) => {
  const { guard, signIn, logOut, server } = await setUp(t);
  const [alice, bob] = [await signIn('alice'), await signIn('bob')];
  guard.verify(alice);
  guard.verify(bob);
  await logOut(alice);
  await until(isRevoked(guard, alice));
  assert.throws(() => guard.authenticate(ask(alice)), { code: 'token_revoked' });
  guard.verify(bob);
  const { sub } = guard.verify(bob);
  await server.app.latchkey.users.setRoles(sub, ['admin']);
  await until(isRevoked(guard, bob));
  assert.equal(guard.status().revocations?.stale, false);
  await until(() => (guard.status().revocations?.lastSeq ?? 0) >= 2);
});

test('a guard that starts later knows earlier revocations', async (t) => {
  const { guard, signIn, logOut, cutFeed, restoreFeed } = await setUp(t);
  const token = await signIn('alice');
  await cutFeed();
  await logOut(token);
  guard.verify(token);
  restoreFeed();
  await until(isRevoked(guard, token));
});

test('after maxStaleness tokens are accepted by default, and the status says so', async (t) => {
  const { guard, signIn, cutFeed, clock } = await setUp(t);
  const token = await signIn('alice');
  await cutFeed();
  clock.step(60);
  assert.equal(guard.status().revocations?.stale, false);
  clock.step(1);
  guard.verify(token);
  const { revocations } = guard.status();
  assert.equal(revocations?.stale, true);
  assert.ok((revocations?.staleness ?? 0) >= 60_000);
});

test('after maxStaleness the policy reject refuses all tokens until the feed is back', async (t) => {
  const { guard, signIn, cutFeed, restoreFeed, clock } = await setUp(t, 'reject');
  const token = await signIn('alice');
  guard.verify(token);
  await cutFeed();
  clock.step(60);
  guard.verify(token);
  clock.step(1);
  assert.throws(() => guard.verify(token), STALE);
  assert.throws(() => guard.authenticate(ask(token)), STALE);
  const answer = await guard.protect(() => Response.json({}))(
    new Request('https://api.example', ask(token)),
  );
  assert.equal(answer.status, 503);
  assert.ok(answer.headers.has('retry-after'));
  restoreFeed();
  await until(() => guard.status().revocations?.connected === true);
  guard.verify(token);
});

test('setting the clock neither hides that the revocations are old nor makes them look old', async (t) => {
  const { guard, signIn, cutFeed, clock } = await setUp(t, 'reject');
  const token = await signIn('alice');
  clock.set(300);
  guard.verify(token);
  assert.equal(guard.status().revocations?.staleness, 0);
  clock.set(-300);
  await cutFeed();
  clock.step(40);
  clock.set(-100);
  clock.step(21);
  assert.throws(() => guard.verify(token), STALE);
  clock.set(-3600);
  assert.throws(() => guard.verify(token), STALE);
  assert.equal(guard.status().revocations?.staleness, 61_000);
});

test('after maxStaleness the policy introspect asks the issuer', async (t) => {
  const { guard, signIn, logOut, cutFeed, clock, server } = await setUp(t, 'introspect');
  const [alice, bob] = [await signIn('alice'), await signIn('bob')];
  await cutFeed();
  clock.step(61);
  await logOut(bob);
  assert.equal((await guard.authenticate(ask(alice))).username, 'alice');
  await assert.rejects(async () => guard.authenticate(ask(bob)), { code: 'token_revoked' });
  await assert.rejects(async () => guard.require({ roles: ['admin'] })(ask(alice)), {
    code: 'insufficient_role',
  });
  assert.throws(() => guard.verify(alice), STALE);
  await server.close();
  await assert.rejects(
    async () => guard.authenticate(ask(alice)),
    (error: Error) => error.cause instanceof Error && STALE.code === Object(error).code,
  );
});

test('introspection accepts a token only if the response says that it is active', async (t) => {
  const clock = new TestClock(Date.now());
  const server = await startServer({ clock });
  let answer: unknown;
  const guard = createGuard({
    issuer: ISSUER,
    jwksUri: `${server.url}/.well-known/jwks.json`,
    clock,
    revocations: {
      credential: 'lkg_x',
      url: `${server.url}/auth/revocations`,
      introspectionUrl: 'https://auth.example/introspect',
      onStale: 'introspect',
    },
    fetch: async (url, init) =>
      url.endsWith('/introspect')
        ? new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } })
        : fetch(url, init),
  });
  t.after(() => guard.close());
  const { body } = await server.register('alice');
  const token: string = body['access_token'];
  answer = { active: true };
  assert.equal((await guard.authenticate(ask(token))).username, 'alice');
  for (answer of [
    { active: false },
    {},
    { active: 'true' },
    { active: 1 },
    { active: null },
    { Active: true },
    [{ active: true }],
    'active',
    null,
  ]) {
    await assert.rejects(async () => guard.authenticate(ask(token)), { code: 'token_revoked' });
  }
});

test('changes of the feed are reported', async (t) => {
  const { statuses, cutFeed } = await setUp(t);
  assert.ok(statuses.some(({ revocations }) => revocations?.state === 'live'));
  await cutFeed();
  await until(() => statuses.at(-1)?.revocations?.state === 'stale');
  assert.equal(typeof statuses.at(-1)?.revocations?.error, 'string');
});

test('a wrong credential is reported, and tokens are verified without revocations', async (t) => {
  const { server, signIn, clock } = await setUp(t);
  const options = {
    issuer: ISSUER,
    jwksUri: `${server.url}/.well-known/jwks.json`,
    clock,
  };
  const url = `${server.url}/auth/revocations`;
  const guard = createGuard({ ...options, revocations: { credential: 'lkg_wrong', url } });
  t.after(() => guard.close());
  await guard.ready();
  await until(() => guard.status().revocations?.error !== undefined);
  assert.match(guard.status().revocations?.error ?? '', /clients create/);
  guard.verify(await signIn('alice'));
  for (const wrong of [
    { credential: '' },
    { credential: 'x', maxStaleness: 19.9 },
    { credential: 'x', onStale: 'panic' as StalePolicy },
  ]) {
    assert.throws(() => createGuard({ ...options, revocations: wrong }), {
      code: 'invalid_setting',
    });
  }
  createGuard({ ...options, revocations: { credential: 'x', maxStaleness: 20 } }).close();
});

test('a guard refuses tokens of a revoked key, and accepts those of its successor', async (t) => {
  const { server, guard, signIn } = await setUp(t);
  const old = await signIn('jane');
  assert.equal(guard.verify(old).username, 'jane');
  const { keyRotation, keys } = internalsOf(server.app).auth;
  await keyRotation.revoke(keys.signing.kid);
  await until(() => !accepts(guard, old));
  const next = await signIn('joe');
  await until(() => accepts(guard, next));
  assert.ok(!accepts(guard, old));
});

function accepts(guard: Guard, token: string): boolean {
  try {
    guard.verify(token);
    return true;
  } catch {
    return false;
  }
}
