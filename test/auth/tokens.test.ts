import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { IssuedTokens } from '../../src/auth/sessions/tokens/issued-tokens.ts';
import { InvalidInput, RefreshRefused, TokenRefused } from '../../src/kernel/errors.ts';
import { openTestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { JANE, PASSWORD, signInJane } from './support.ts';

suite('access tokens', () => {
  test('state how and when the user authenticated and for which client, also after refreshes', async () => {
    await using real = await openTestAuth({ clientId: 'shop' });
    await signInJane(real);
    const proven = ({ accessToken }: { accessToken: string }) => {
      const { amr, auth_time, client_id } = real.verifier.verify(accessToken);
      return { amr, auth_time, client_id };
    };
    const start = await real.login(JANE);
    const expected = { amr: ['pwd'], auth_time: real.clock.ms / 1000, client_id: 'shop' };
    assert.deepEqual(proven(start), expected);
    // Another client of the server's own is one of new sessions.
    const node = await real.another({ clientId: 'another' });
    let { refreshToken } = start;
    for (const { auth } of [real, node, real]) {
      real.clock.step(60);
      const next = await auth.refresh(refreshToken);
      assert.notEqual(next.refreshToken, refreshToken);
      assert.deepEqual(proven(next), expected);
      refreshToken = next.refreshToken;
    }
    const found = await node.auth.findRefreshToken(refreshToken);
    assert.equal(found?.clientId, 'shop');
  });

  test('have the host’s own claims, fresh at each refresh', async () => {
    let tenant = 'a';
    await using real = await openTestAuth({
      claims: async (user) => ({ tenant, name: user.name }),
    });
    const signIn = await signInJane(real);
    assert.equal(real.verifier.verify(signIn.accessToken)['tenant'], 'a');
    tenant = 'b';
    const next = await real.auth.refresh(signIn.refreshToken);
    assert.equal(real.verifier.verify(next.accessToken)['tenant'], 'b');
  });

  test('a claims hook cannot replace what Latchkey sets, and stores nothing if it fails', async () => {
    for (const name of ['sub', 'roles', 'exp', 'iss', 'aud', 'sid', 'jti', 'scope', 'username']) {
      await using real = await openTestAuth({ claims: () => ({ [name]: 'x' }) });
      await assert.rejects(signInJane(real), TypeError);
      assert.deepEqual(await real.auth.users.list(), []);
    }
  });

  for (const hook of ['claims', 'scopes'] as const) {
    test(`a ${hook} hook that throws changes nothing: no session, and the old token goes on`, async () => {
      let broken = false;
      const fail = () => {
        if (broken) throw new Error('of the host');
        return hook === 'claims' ? { plan: 'free' } : ['read'];
      };
      await using real = await openTestAuth({ [hook]: fail, refreshGrace: 0 });
      const { user, refreshToken } = await signInJane(real);
      const read = async () => ({
        sessions: await real.store.listSessions({
          userId: user.id,
          now: real.clock.now(),
          limit: 1_000,
        }),
        events: await latestEvents(real.store, null, 99),
        users: await real.auth.users.list(),
      });
      const before = await read();

      broken = true;
      const ofTheHost = { message: 'of the host' };
      await assert.rejects(real.login(JANE), ofTheHost);
      await assert.rejects(real.auth.refresh(refreshToken), ofTheHost);
      await assert.rejects(real.auth.register({ ...JANE, username: 'ann' }), ofTheHost);
      assert.deepEqual(await read(), before);

      broken = false;
      real.clock.step(3600);
      const next = await real.auth.refresh(refreshToken);
      assert.equal(next.session.generation, 1);
      await assert.rejects(real.auth.refresh(refreshToken), { code: 'refresh_token_reused' });
      await assert.rejects(real.auth.refresh(next.refreshToken), { code: 'session_ended' });
    });
  }

  test('no token has claims from before its session was written', async () => {
    const change: { now?: () => Promise<void> } = {};
    await using real = await openTestAuth({
      claims: async (user) => {
        const { now } = change;
        delete change.now;
        await now?.();
        return { may_delete: user.roles.includes('admin') };
      },
      refreshGrace: 0,
    });
    const { user, refreshToken } = await signInJane(real);
    const demote = () => real.auth.users.setRoles(user.id, []);
    const ways = [() => real.login(JANE), () => real.auth.refresh(refreshToken)];
    for (const sign of ways) {
      await real.auth.users.setRoles(user.id, ['admin']);
      change.now = demote;
      const { accessToken, user: answered } = await sign();
      assert.deepEqual(answered.roles, []);
      assert.equal(real.verifier.verify(accessToken)['may_delete'], false);
    }
    // Nothing about this user is different afterwards, but tokens from before the change are revoked.
    change.now = demote;
    const { accessToken } = await real.login(JANE);
    assert.equal(real.verifier.verify(accessToken).sub, user.id);
  });

  test('scopes are narrowed at sign-in and never widened', async () => {
    let allowed = ['read', 'write'];
    await using real = await openTestAuth({ scopes: () => allowed });
    const all = await signInJane(real);
    assert.equal(real.verifier.verify(all.accessToken).scope, 'read write');
    const narrow = await real.login({ ...JANE, scope: 'read admin' });
    assert.equal(narrow.scope, 'read');
    allowed = ['read', 'write', 'admin'];
    assert.equal((await real.auth.refresh(narrow.refreshToken)).scope, 'read admin');
    allowed = ['write'];
    assert.equal((await real.auth.refresh(narrow.refreshToken)).scope, null);
    for (const scope of ['a  b', ' a', 'a"b', 'a\\b', 'ä']) {
      await assert.rejects(real.login({ ...JANE, scope }), InvalidInput, scope);
    }
  });
});

suite('refresh tokens', () => {
  test('are a pure function of the session: the same in every process', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    await real.restart();
    assert.equal((await real.auth.refresh(signIn.refreshToken)).refreshToken, signIn.refreshToken);
  });

  test('neither kind of token is accepted as the other', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    assert.throws(() => real.verifier.verify(signIn.refreshToken), TokenRefused);
    await assert.rejects(real.auth.refresh(signIn.accessToken), RefreshRefused);
  });

  test('of another secret are refused', async () => {
    await using real = await openTestAuth();
    await using other = await openTestAuth({ secret: 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB' });
    const signIn = await signInJane(other);
    await assert.rejects(
      real.auth.refresh(signIn.refreshToken),
      (error) => error instanceof RefreshRefused && error.code === 'refresh_token_invalid',
    );
  });

  test('a grace of 0 is strict rotation', async () => {
    await using real = await openTestAuth({ refreshGrace: 0 });
    const signIn = await signInJane(real);
    const next = await real.auth.refresh(signIn.refreshToken);
    assert.notEqual(next.refreshToken, signIn.refreshToken);
    await assert.rejects(
      real.auth.refresh(signIn.refreshToken),
      (error) => error instanceof RefreshRefused && error.code === 'refresh_token_reused',
    );
    await assert.rejects(real.auth.refresh(next.refreshToken), RefreshRefused);
  });
});

suite('the maximum age of a session', () => {
  const noHooks = { claims: undefined };
  const hooks = { claims: async () => ({ tenant: 'a' }) };
  for (const [how, settings] of Object.entries({ 'without hooks': noHooks, 'with hooks': hooks })) {
    test(`limits the tokens of a sign-in and of each refresh, to the second, ${how}`, async () => {
      const lifetimes = { accessTokenTtl: 900, refreshTokenTtl: 1800, sessionMaxAge: 3600 };
      await using real = await openTestAuth({ ...lifetimes, ...settings });
      const start = real.clock.ms / 1000;
      let tokens = await signInJane(real);
      const lifetimesOf = ({ expiresIn, refreshExpiresIn }: IssuedTokens) => [
        expiresIn,
        refreshExpiresIn,
      ];
      assert.deepEqual(lifetimesOf(tokens), [900, 1800]);
      for (const [age, ...expected] of [
        [1000, 900, 1800],
        [2000, 900, 1600],
        [3000, 600, 600],
        [3598, 2, 2],
      ] as const) {
        real.clock.step(start + age - real.clock.ms / 1000);
        tokens = await real.auth.refresh(tokens.refreshToken);
        assert.deepEqual(lifetimesOf(tokens), expected, `at ${age} s`);
        const { exp } = real.verifier.verify(tokens.accessToken);
        assert.equal(exp, start + age + expected[0]);
      }
      real.clock.step(1);
      // Within its grace window the token stays the same, and so does its end.
      assert.deepEqual(lifetimesOf(await real.auth.refresh(tokens.refreshToken)), [1, 1]);
      real.clock.step(1);
      await assert.rejects(real.auth.refresh(tokens.refreshToken), {
        code: 'session_ended',
      });
    });

    test(`is not extended by a password change, ${how}`, async () => {
      await using real = await openTestAuth({ sessionMaxAge: 3600, ...settings });
      const { user, session } = await signInJane(real);
      real.clock.step(3000);
      const bearer = { sub: user.id, sid: session.id };
      const change = { current_password: PASSWORD, new_password: 'another horse' };
      const changed = await real.auth.changePassword(bearer, change);
      assert.deepEqual([changed.expiresIn, changed.refreshExpiresIn], [600, 600]);
      const { amr, auth_time } = real.verifier.verify(changed.accessToken);
      assert.deepEqual([amr, auth_time], [['pwd'], session.authTime / 1000]);
    });

    test(`applies, when it is lowered, to older sessions at their next refresh, ${how}`, async () => {
      await using real = await openTestAuth(settings);
      const young = await real.auth.register({ ...JANE });
      real.clock.step(100);
      const node = await real.another({ sessionMaxAge: 1000, ...settings });
      const listed = await node.auth.listSessions({ sub: young.user.id, sid: young.session.id });
      assert.deepEqual(
        listed.sessions.map(({ expiresAt }) => expiresAt),
        [young.session.createdAt + 1_000_000],
      );
      const refreshed = await node.auth.refresh(young.refreshToken);
      assert.deepEqual([refreshed.expiresIn, refreshed.refreshExpiresIn], [900, 900]);

      const old = await real.login(JANE);
      real.clock.step(999);
      assert.ok(await node.auth.findRefreshToken(old.refreshToken));
      real.clock.step(1);
      const bearer = { sub: old.user.id, sid: old.session.id };
      assert.equal(await node.auth.findRefreshToken(old.refreshToken), undefined);
      assert.deepEqual((await node.auth.listSessions(bearer)).sessions, []);
      await assert.rejects(node.auth.refresh(old.refreshToken), { code: 'session_ended' });
      const change = { current_password: PASSWORD, new_password: 'another horse' };
      await assert.rejects(node.auth.changePassword(bearer, change), { code: 'token_revoked' });
      // Nothing was used up: a node with the former setting still takes it.
      assert.ok(await real.auth.refresh(old.refreshToken));
    });
  }
});
