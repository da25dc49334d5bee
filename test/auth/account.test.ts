import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertFresh } from '../../src/auth/sessions/reauthentication/freshness.ts';
import type { VerifiedToken } from '../../src/guard/verify/access-claims.ts';
import {
  CredentialsRefused,
  InvalidInput,
  RecordNotFound,
  RefreshRefused,
  TokenRefused,
} from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { JANE, onceVerified, PASSWORD, signInJane, storeHash } from './support.ts';

suite('account', () => {
  test('a changed password ends every other session and keeps this one', async () => {
    await using real = await openTestAuth();
    const mine = await signInJane(real);
    const other = await real.login(JANE);
    const bearer = real.verifier.verify(mine.accessToken);
    const changed = await real.auth.changePassword(bearer, {
      current_password: PASSWORD,
      new_password: 'new password',
    });
    assert.equal(real.verifier.verify(changed.accessToken).sid, bearer.sid);
    assert.equal(changed.user.id, bearer.sub);
    assert.throws(() => real.verifier.verify(mine.accessToken), { code: 'token_revoked' });
    // Neither within the grace window nor after it, and the new tokens live on.
    for (const seconds of [0, 31, 600]) {
      real.clock.step(seconds);
      await assert.rejects(real.auth.refresh(mine.refreshToken), { code: 'session_ended' });
      assert.equal(await real.auth.findRefreshToken(mine.refreshToken), undefined);
    }
    assert.ok(await real.auth.findRefreshToken(changed.refreshToken));
    const next = await real.auth.refresh(changed.refreshToken);
    real.verifier.verify(next.accessToken);
    assert.throws(() => real.verifier.verify(other.accessToken), TokenRefused);
    await assert.rejects(real.auth.refresh(other.refreshToken), RefreshRefused);
    await assert.rejects(real.login(JANE), CredentialsRefused);
    await real.login({ ...JANE, password: 'new password' });
  });

  test('a password changes while a login replaces its outdated hash', async () => {
    await using real = await openTestAuth();
    const { user, session } = await signInJane(real);
    await storeHash(real, user.id, `$2b$${PASSWORD}`, session.id);
    onceVerified(real, () => real.login(JANE));
    const change = { current_password: PASSWORD, new_password: 'new password' };
    await real.auth.changePassword({ sub: user.id, sid: session.id }, change);
    await real.login({ ...JANE, password: 'new password' });
  });

  test('one of two parallel changes of one password is refused and recorded', async () => {
    await using real = await openTestAuth();
    const { user, session } = await signInJane(real);
    const bearer = { sub: user.id, sid: session.id };
    const results = await Promise.allSettled(
      ['one password', 'two password'].map((next) =>
        real.auth.changePassword(bearer, { current_password: PASSWORD, new_password: next }),
      ),
    );
    const reasons = results.map((it) => (it.status === 'rejected' ? it.reason.code : 'changed'));
    assert.deepEqual(reasons.sort(), ['changed', 'invalid_credentials']);
    const events = await latestEvents(real.store, user.id, 9);
    assert.deepEqual(events.map(({ type }) => type).sort(), [
      'password_change_failed',
      'password_changed',
      'user_registered',
    ]);
  });

  test('reauthentication keeps the session, moves auth_time, and refuses the tokens from before', async () => {
    await using real = await openTestAuth();
    const mine = await signInJane(real);
    const other = await real.login(JANE);
    const bearer = real.verifier.verify(mine.accessToken);
    real.clock.step(600);
    const recent = real.auth.reauthenticate(bearer, { password: PASSWORD });
    const { accessToken, refreshToken, session } = await recent;
    const claims = real.verifier.verify(accessToken);
    assert.deepEqual([claims.sid, claims.auth_time], [bearer.sid, bearer.auth_time + 600]);
    assert.deepEqual([session.authTime, session.amr], [real.clock.ms, ['pwd']]);
    assert.throws(() => real.verifier.verify(mine.accessToken), { code: 'token_revoked' });
    for (const seconds of [0, 31]) {
      real.clock.step(seconds);
      await assert.rejects(real.auth.refresh(mine.refreshToken), { code: 'session_ended' });
    }
    const next = await real.auth.refresh(refreshToken);
    assert.equal(real.verifier.verify(next.accessToken).auth_time, claims.auth_time);
    real.verifier.verify((await real.auth.refresh(other.refreshToken)).accessToken);
    const [event] = await latestEvents(real.store, bearer.sub, 1);
    assert.equal(event?.type, 'reauthenticated');
    assert.deepEqual(event?.actor, { kind: 'user', id: bearer.sub });
    assert.equal(event?.sessionId, bearer.sid);
  });

  test('reauthentication with a wrong password changes nothing and is recorded', async () => {
    await using real = await openTestAuth();
    const { accessToken, refreshToken } = await signInJane(real);
    const bearer = real.verifier.verify(accessToken);
    const wrong = real.auth.reauthenticate(bearer, { password: 'wrong password' });
    await assert.rejects(wrong, { code: 'invalid_credentials' });
    real.verifier.verify(accessToken);
    await real.auth.refresh(refreshToken);
    const [event] = await latestEvents(real.store, bearer.sub, 1);
    const { type, outcome, reason, sessionId } = event ?? {};
    assert.deepEqual(
      { type, outcome, reason, sessionId },
      {
        type: 'reauthentication_failed',
        outcome: 'failure',
        reason: 'wrong_password',
        sessionId: bearer.sid,
      },
    );
    await real.auth.logout(bearer);
    const late = real.auth.reauthenticate(bearer, { password: PASSWORD });
    await assert.rejects(late, { code: 'token_revoked' });
    await real.auth.users.delete(bearer.sub);
    const gone = real.auth.reauthenticate(bearer, { password: PASSWORD });
    await assert.rejects(gone, { code: 'user_gone' });
  });

  test('reauthentication replaces an outdated hash, also if a login does so at the same moment', async () => {
    await using real = await openTestAuth();
    const { user, session } = await signInJane(real);
    const bearer = { sub: user.id, sid: session.id };
    for (const act of [async () => {}, () => real.login(JANE)]) {
      await storeHash(real, user.id, `$2b$${PASSWORD}`, session.id);
      onceVerified(real, act);
      const { accessToken } = await real.auth.reauthenticate(bearer, { password: PASSWORD });
      real.verifier.verify(accessToken);
      const stored = await real.store.findUser({ id: user.id });
      assert.equal(stored?.passwordHash, `$argon2id$${PASSWORD}`);
    }
  });

  test('an authentication is fresh for ten minutes, with the strongest factor of the account', () => {
    const minutes = (count: number) => count * 60_000;
    const first = { authTime: minutes(1), mfaTime: null };
    assertFresh(first, 'first', minutes(11));
    assert.throws(() => assertFresh(first, 'first', minutes(11) + 1), {
      code: 'insufficient_user_authentication',
      maxAuthAge: 600,
      acrValues: [],
    });
    const stale = { code: 'insufficient_user_authentication', acrValues: ['mfa'] };
    assert.throws(() => assertFresh(first, 'second', minutes(1)), stale);
    const second = { authTime: minutes(1), mfaTime: minutes(20) };
    assertFresh(second, 'second', minutes(30));
    assert.throws(() => assertFresh(second, 'second', minutes(31)), stale);
  });

  test('a hook that throws leaves the password and the session as they are', async () => {
    let broken = false;
    await using real = await openTestAuth({
      claims: () => {
        if (broken) throw new Error('of the host');
        return { plan: 'free' };
      },
    });
    const { accessToken, refreshToken } = await signInJane(real);
    const bearer = real.verifier.verify(accessToken);
    broken = true;
    const change = { current_password: PASSWORD, new_password: 'new password' };
    await assert.rejects(real.auth.changePassword(bearer, change), { message: 'of the host' });
    broken = false;
    real.verifier.verify(accessToken);
    await real.auth.refresh(refreshToken);
    await real.login(JANE);
  });

  test('a session that has ended, or is of another user, changes no password', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const bearer = real.verifier.verify(signIn.accessToken);
    await real.auth.logout(bearer);
    const change = { current_password: PASSWORD, new_password: 'new password' };
    await assert.rejects(real.auth.changePassword(bearer, change), { code: 'token_revoked' });
    const { session } = await real.login(JANE);
    const { id } = await real.auth.users.create({ username: 'joe', password: PASSWORD });
    const mixed = { sub: id, sid: session.id };
    await assert.rejects(real.auth.changePassword(mixed, change), { code: 'token_revoked' });
    await real.login({ ...JANE, username: 'joe' });
  });

  test('a sign-in beyond the bound of sessions ends one, with its tokens', async () => {
    await using real = await openTestAuth({ maxSessions: 2 });
    const first = await signInJane(real);
    real.clock.step(1);
    const second = await real.login(JANE);
    real.clock.step(60);
    // Used last, so it is the other one that ends.
    const refreshed = await real.auth.refresh(first.refreshToken);
    const third = await real.login(JANE);
    assert.throws(() => real.verifier.verify(second.accessToken), { code: 'token_revoked' });
    await assert.rejects(real.auth.refresh(second.refreshToken), { code: 'session_ended' });
    real.verifier.verify(refreshed.accessToken);
    const { sessions } = await real.auth.listSessions(real.verifier.verify(third.accessToken));
    assert.deepEqual(
      sessions.map(({ id }) => id),
      [third.session.id, first.session.id],
    );
    const [event] = (await latestEvents(real.store, first.user.id, 9)).filter(
      ({ type }) => type === 'session_ended',
    );
    assert.equal(event?.sessionId, second.session.id);
  });

  test('sessions that an older version started beyond the bound end in batches, with their tokens', async () => {
    await using real = await openTestAuth({ maxSessions: 1_000 });
    const signIns = [await signInJane(real)];
    for (let count = 0; count < 30; count++) {
      real.clock.step(1);
      signIns.push(await real.login(JANE));
    }
    const node = await real.another({ maxSessions: 5 });
    assert.equal(await node.auth.purgeExpired(10), false, 'nobody was found to have too many');
    const last = await node.login(JANE);
    let batches = 0;
    while (await node.auth.purgeExpired(10)) batches += 1;
    assert.ok(batches >= 3, `${batches}`);
    const live = [...signIns.slice(-4), last].map(({ session }) => session.id);
    const bearer = node.verifier.verify(last.accessToken);
    const { sessions } = await node.auth.listSessions(bearer);
    assert.deepEqual(sessions.map(({ id }) => id).sort(), live.sort());
    for (const { accessToken } of signIns.slice(0, -4)) {
      assert.throws(() => node.verifier.verify(accessToken), { code: 'token_revoked' });
    }
    for (const { accessToken } of signIns.slice(-4)) node.verifier.verify(accessToken);
  });

  test('one of two changes at the same time succeeds', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const bearer = real.verifier.verify(signIn.accessToken);
    const attempts = await Promise.allSettled(
      ['password one', 'password two'].map((new_password) =>
        real.auth.changePassword(bearer, { current_password: PASSWORD, new_password }),
      ),
    );
    assert.deepEqual(attempts.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('a wrong, equal, short or missing password changes nothing', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const bearer = real.verifier.verify(signIn.accessToken);
    const change = (input: unknown) => real.auth.changePasswordRaw(bearer, input);
    const next = 'another password';
    await assert.rejects(
      change({ current_password: 'wrong password', new_password: next }),
      CredentialsRefused,
    );
    await assert.rejects(
      change({ current_password: PASSWORD, new_password: PASSWORD }),
      InvalidInput,
    );
    await assert.rejects(
      change({ current_password: PASSWORD, new_password: 'short' }),
      InvalidInput,
    );
    await assert.rejects(change({ new_password: next }), InvalidInput);
    await assert.rejects(change(null), InvalidInput);
    await real.login(JANE);
  });

  test('a user cannot end a session of another user', async () => {
    await using real = await openTestAuth();
    const jane = await signInJane(real);
    const mallory = await real.auth.register({ username: 'mallory', password: PASSWORD });
    const bearer = real.verifier.verify(mallory.accessToken);
    await assert.rejects(real.auth.endSession(bearer, jane.session.id), RecordNotFound);
    await assert.rejects(real.auth.endSession(bearer, 'nothing'), RecordNotFound);
    real.verifier.verify(jane.accessToken);
    assert.equal((await real.auth.listSessions(bearer)).sessions.length, 1);
  });

  const ends: Record<string, (node: TestAuth, claims: VerifiedToken) => Promise<unknown>> = {
    'session ended': ({ auth }, claims) => auth.endSession(claims, claims.sid),
    'user deleted': ({ auth }, { sub }) => auth.users.delete(sub),
    'user deleted meanwhile': ({ auth }, { sub }) => auth.users.setRoles(sub, ['admin']),
  };
  for (const [name, end] of Object.entries(ends)) {
    test(`what another node has revoked is refused here when the call returns: ${name}`, async () => {
      await using here = await openTestAuth();
      const there = await here.another();
      const { accessToken } = await signInJane(here);
      const claims = here.verifier.verify(accessToken);
      await (name === 'user deleted meanwhile'
        ? there.auth.users.delete(claims.sub)
        : end(there, claims));
      here.verifier.verify(accessToken);
      // There is nothing left to revoke, so nothing that this node has written itself tells it.
      await assert.rejects(end(here, claims), RecordNotFound);
      assert.throws(() => here.verifier.verify(accessToken), { code: 'token_revoked' });
    });
  }

  test('one token can be revoked alone', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const next = await real.auth.refresh(signIn.refreshToken);
    await real.auth.revokeToken(real.verifier.verify(signIn.accessToken));
    assert.throws(() => real.verifier.verify(signIn.accessToken), TokenRefused);
    real.verifier.verify(next.accessToken);
    await real.restart();
    assert.throws(() => real.verifier.verify(signIn.accessToken), TokenRefused);
  });

  test('a deleted user gets an error that says so', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const bearer = real.verifier.verify(signIn.accessToken);
    await real.auth.users.delete(signIn.user.id);
    await assert.rejects(
      real.auth.refresh(signIn.refreshToken),
      (error) => error instanceof RefreshRefused && error.code === 'user_gone',
    );
    await assert.rejects(
      real.auth.findMe(bearer),
      (error) => error instanceof TokenRefused && error.code === 'user_gone',
    );
  });
});
