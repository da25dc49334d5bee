import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { anonymousCaller } from '../../src/auth/audit/caller.ts';
import { aboutUser } from '../../src/auth/audit/event.ts';
import type { IssuedTokens } from '../../src/auth/sessions/tokens/issued-tokens.ts';
import type { VerifiedToken } from '../../src/guard/verify/access-claims.ts';
import {
  AccountDisabled,
  CredentialsRefused,
  IdentifierTaken,
  InvalidInput,
  RecordNotFound,
  RefreshRefused,
  ServerOverloaded,
  StoreUnavailable,
  TokenRefused,
} from '../../src/kernel/errors.ts';
import { anEvent, anyAge, unique } from '../store/records.ts';
import { expectTokens, openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const PASSWORD = 'correct horse';
const JANE = { username: 'jane', password: PASSWORD };

async function signInJane(real: TestAuth) {
  return real.auth.register({ ...JANE, email: 'jane@example.com' });
}

/** Stores a hash, whatever it was before. @param sessionId the session that lives on */
async function storeHash(
  { store, clock }: TestAuth,
  userId: string,
  hash: string,
  sessionId?: string,
) {
  const now = clock.ms;
  const change = await store.changePassword({
    userId,
    verifiedHash: null,
    newHash: hash,
    keep: sessionId === undefined ? null : { sessionId, expiresAt: now + 1e9, ...anyAge },
    now,
    issuedUntil: now,
    // Sorts before the events of the tests.
    event: anEvent({ id: unique('0'), subject: aboutUser(userId) }),
  });
  assert.ok(change.found);
}

/** Lets something happen between the next verification of a password and what is done with its result. */
function onceVerified({ hasher }: TestAuth, act: () => Promise<unknown>): void {
  const verify = hasher.verify.bind(hasher);
  hasher.verify = async (hash, password) => {
    hasher.verify = verify;
    const verdict = await verify(hash, password);
    await act();
    return verdict;
  };
}

suite('register', () => {
  test('creates a user and signs the user in', async () => {
    await using real = await openTestAuth();
    const { user, accessToken, expiresIn } = await signInJane(real);
    const claims = real.verifier.verify(accessToken);
    assert.equal(claims.sub, user.id);
    assert.equal(claims.username, 'jane');
    assert.equal(claims.roles, undefined);
    assert.equal(claims.exp - claims.iat, expiresIn);
  });

  test('of one name at the same moment succeeds once, and stores nothing of the others', async () => {
    await using real = await openTestAuth();
    const attempts = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        real.auth.register({ ...JANE, email: `j${i}@example.com` }),
      ),
    );
    const won = attempts.filter(({ status }) => status === 'fulfilled');
    assert.equal(won.length, 1);
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') assert.ok(attempt.reason instanceof IdentifierTaken);
    }
    assert.equal((await real.auth.users.list()).length, 1);
  });

  test('a taken name costs no hash', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const { hashed } = real.hasher;
    await assert.rejects(signInJane(real), IdentifierTaken);
    assert.equal(real.hasher.hashed, hashed);
  });

  for (const field of [
    'role',
    'roles',
    'id',
    'email_verified',
    'password_hash',
    'passwordHash',
    'tokenVersion',
  ]) {
    test(`does not let a user set "${field}"`, async () => {
      await using real = await openTestAuth();
      await assert.rejects(
        real.auth.register({ ...JANE, [field]: ['admin'] }),
        (error) => error instanceof InvalidInput && error.problems.some((p) => p.field === field),
      );
      assert.deepEqual(await real.auth.users.list(), []);
    });
  }

  test('reports all problems in one error', async () => {
    await using real = await openTestAuth();
    await assert.rejects(
      real.auth.registerRaw({ username: 1, email: 'nowhere', password: 'short', extra: true }),
      (error) => {
        assert.ok(error instanceof InvalidInput);
        const fields = error.problems.map(({ field }) => field);
        assert.deepEqual(fields.sort(), ['email', 'extra', 'password', 'username']);
        return true;
      },
    );
  });

  test('keeps the fields of the host, and no others', async () => {
    await using real = await openTestAuth({
      fields: {
        first_name: { type: 'string', required: true, maxLength: 5 },
        age: { type: 'number' },
      },
    });
    const signIn = await real.auth.register({ ...JANE, first_name: 'Jane', age: 42 });
    assert.deepEqual(signIn.user.profile, { first_name: 'Jane', age: 42 });
    for (const wrong of [{}, { first_name: 'Jennifer' }, { first_name: 'J', age: '42' }]) {
      await assert.rejects(real.auth.register({ ...JANE, username: 'x', ...wrong }), InvalidInput);
    }
  });
});

suite('login', () => {
  test('accepts a username or an email address, and either in "username"', async () => {
    await using real = await openTestAuth();
    const { user } = await signInJane(real);
    for (const name of [
      { username: 'Jane' },
      { email: 'JANE@example.com' },
      { username: 'jane@example.com' },
    ]) {
      const signIn = await real.login({ ...name, password: PASSWORD });
      assert.equal(signIn.user.id, user.id);
    }
  });

  test('trims a name, never a password', async () => {
    await using real = await openTestAuth();
    const { user } = await real.auth.register({
      username: 'jane',
      email: 'jane@example.com',
      password: ` ${PASSWORD}`,
    });
    for (const name of [
      { username: 'jane ' },
      { username: '\r\n jane' },
      { username: `jane${' '.repeat(300)}` },
      { username: '\u3000jane\ufeff' },
      { username: '\u200bjane\u200d\u2060' },
      { email: '\u202ajane@example.com\u202c \u200e' },
      { username: ' jane@example.com ' },
      { email: '\tjane@example.com' },
    ]) {
      const signIn = await real.login({ ...name, password: ` ${PASSWORD}` });
      assert.equal(signIn.user.id, user.id);
      await assert.rejects(real.login({ ...name, password: PASSWORD }), CredentialsRefused);
      await assert.rejects(real.login({ ...name, password: ` ${PASSWORD} ` }), CredentialsRefused);
    }
    assert.equal((await real.auth.users.find({ username: ' Jane ' }))?.id, user.id);
    assert.equal((await real.auth.users.find({ email: 'jane@example.com\n' }))?.id, user.id);
    // A name is stored without blanks, so there is one way to write it.
    for (const username of ['jane ', ' joe', ' ', 'ja ne', 'jane \u200b', '']) {
      await assert.rejects(real.auth.register({ username, password: PASSWORD }), InvalidInput);
    }
    for (const username of [' ', '\u200b', `${' '.repeat(60_000)}\u200b\n`]) {
      await assert.rejects(real.login({ username, password: PASSWORD }), InvalidInput);
    }
    for (const username of ['jane\0', 'ja\u200bne', '\ud800jane']) {
      const attempt = real.login({ username, password: ` ${PASSWORD}` });
      await assert.rejects(
        attempt,
        username.includes('\u200b') ? CredentialsRefused : InvalidInput,
      );
    }
  });

  test('treats an unknown user like a wrong password, in the error and in the work', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    const messages: string[] = [];
    for (const username of ['jane', 'nobody', 'no name', 'nobody@example.com']) {
      const { verified } = real.hasher;
      const attempt = real.login({ username, password: 'wrong password' });
      await assert.rejects(attempt, (error) => {
        assert.ok(error instanceof CredentialsRefused);
        messages.push(error.message);
        return true;
      });
      assert.equal(real.hasher.verified, verified + 1);
    }
    assert.equal(new Set(messages).size, 1);
  });

  test('compares the password exactly', async () => {
    await using real = await openTestAuth();
    const password = ' Pässwörd with spaces '.padEnd(80, '.');
    await real.auth.register({ username: 'jane', password });
    await real.login({ username: 'jane', password });
    for (const other of [
      password.trim(),
      password.slice(0, 72),
      password.normalize('NFD'),
      password.toLowerCase(),
    ]) {
      await assert.rejects(real.login({ username: 'jane', password: other }), CredentialsRefused);
    }
  });

  test('reveals that an account is disabled only if the password is right', async () => {
    await using real = await openTestAuth();
    const { user } = await signInJane(real);
    await real.auth.users.disable(user.id);
    await assert.rejects(real.login(JANE), AccountDisabled);
    await assert.rejects(real.login({ ...JANE, password: 'wrong password' }), CredentialsRefused);
  });

  test('replaces an outdated hash', async () => {
    await using real = await openTestAuth();
    const { id } = await real.auth.users.create({
      username: 'old',
      passwordHash: `$2b$${PASSWORD}`,
    });
    await real.login({ username: 'old', password: PASSWORD });
    const stored = await real.store.findUser({ id });
    assert.equal(stored?.passwordHash, `$argon2id$${PASSWORD}`);
    await real.login({ username: 'old', password: PASSWORD });
  });

  for (const nodes of [1, 2]) {
    test(`succeeds for all parallel sign-ins of a user with an outdated hash, on ${nodes} nodes`, async () => {
      await using real = await openTestAuth();
      const auths = [real.auth, nodes === 1 ? real.auth : (await real.another()).auth];
      for (const username of ['one', 'two', 'three']) {
        const passwordHash = `$2b$${PASSWORD}`;
        const { id } = await real.auth.users.create({ username, passwordHash });
        const logins = Array.from({ length: 6 }, (_, i) =>
          (auths[i % 2] ?? real.auth).login({ username, password: PASSWORD }),
        );
        for (const result of await Promise.all(logins)) {
          assert.equal(expectTokens(result).user.id, id);
        }
        const { sessions } = await real.auth.listSessions({ sub: id, sid: '' });
        assert.equal(sessions.length, 6);
        const stored = await real.store.findUser({ id });
        assert.equal(stored?.passwordHash, `$argon2id$${PASSWORD}`);
      }
    });
  }

  const meanwhile = {
    'the password changes': {
      act: ({ auth }, id) => auth.users.setPassword(id, 'another password'),
      error: CredentialsRefused,
      event: 'login_failed',
    },
    'the password changes to one whose hash is outdated': {
      act: (real, id) => storeHash(real, id, '$2b$another password'),
      error: CredentialsRefused,
      event: 'login_failed',
    },
    'the user is disabled': {
      act: ({ auth }, id) => auth.users.disable(id),
      error: AccountDisabled,
      event: 'login_of_disabled_user',
    },
    'the user is deleted': {
      act: ({ auth }, id) => auth.users.delete(id),
      error: CredentialsRefused,
      event: 'login_failed',
    },
  } satisfies Record<
    string,
    { act: (real: TestAuth, id: string) => Promise<unknown>; error: unknown; event: string }
  >;
  for (const [name, { act, error, event }] of Object.entries(meanwhile)) {
    for (const hash of ['$argon2id$', '$2b$']) {
      test(`is refused when ${name} while the password is verified by ${hash}`, async () => {
        await using real = await openTestAuth();
        const { id } = await real.auth.users.create({ username: 'jane' });
        await storeHash(real, id, `${hash}${PASSWORD}`);
        onceVerified(real, async () => {
          await act(real, id);
          real.clock.step(1);
        });
        await assert.rejects(real.login(JANE), error as typeof CredentialsRefused);
        const [latest] = await latestEvents(real.store, null, 1);
        assert.equal(latest?.type, event);
        const { sessions } = await real.auth.listSessions({ sub: id, sid: '' });
        assert.deepEqual(sessions, []);
      });
    }
  }

  test('succeeds when the password is set to the same one while it is verified', async () => {
    await using real = await openTestAuth();
    const { id } = await real.auth.users.create({ username: 'jane' });
    await storeHash(real, id, `$2b$${PASSWORD}`);
    onceVerified(real, () => real.auth.users.setPassword(id, PASSWORD));
    assert.equal((await real.login(JANE)).user.id, id);
  });

  test('gives up after a few hashes if the hash changes each time', async () => {
    await using real = await openTestAuth();
    const { user, accessToken } = await signInJane(real);
    const { sid } = real.verifier.verify(accessToken);
    const verify = real.hasher.verify.bind(real.hasher);
    real.hasher.verify = async (hash, password) => {
      const verdict = await verify(hash, password);
      const prefix = verdict.outdated ? '$argon2id$' : '$2b$';
      await storeHash(real, user.id, `${prefix}${PASSWORD}`, sid);
      return verdict;
    };
    const change = { current_password: PASSWORD, new_password: 'new password' };
    for (const act of [
      () => real.login(JANE),
      () => real.auth.changePassword({ sub: user.id, sid }, change),
    ]) {
      const { verified } = real.hasher;
      await assert.rejects(act(), StoreUnavailable);
      assert.equal(real.hasher.verified - verified, 3);
    }
  });

  test('says when to try again if too many wait, and changes nothing', async () => {
    await using real = await openTestAuth();
    await signInJane(real);
    real.hasher.verify = async () => {
      throw new ServerOverloaded('too many', 3);
    };
    await assert.rejects(real.login(JANE), ServerOverloaded);
  });

  test('is written to the audit trail, success and failure', async () => {
    await using real = await openTestAuth();
    const { user } = await signInJane(real);
    const caller = {
      ...anonymousCaller,
      address: '192.0.2.7',
      userAgent: `curl\r\n\u0007${'x'.repeat(1000)}`,
    };
    real.clock.step(1);
    await real.login(JANE, caller);
    real.clock.step(1);
    await real.login({ ...JANE, password: 'wrong password' }, caller).catch(() => {});
    const events = await latestEvents(real.store, user.id, 10);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['login_failed', 'login_succeeded', 'user_registered'],
    );
    assert.equal(events[0]?.address, '192.0.2.7');
    assert.match(events[0]?.userAgent ?? '', /^curlx{200,256}$/);
  });

  test('every wrong password is in the audit trail, with its kind', async () => {
    await using real = await openTestAuth();
    const { user, session } = await signInJane(real);
    const { id } = await real.auth.users.create({ username: 'nopassword' });
    const caller = { ...anonymousCaller, address: '192.0.2.7', userAgent: 'curl' };
    const wrong = { current_password: 'wrong password', new_password: 'new password' };
    const bearer = { sub: user.id, sid: session.id };
    const failures: [() => Promise<unknown>, string, string | null, string | null][] = [
      [
        () => real.login({ ...JANE, password: 'wrong password' }, caller),
        'login_failed',
        user.id,
        null,
      ],
      [() => real.login({ ...JANE, username: 'joe' }, caller), 'login_failed', null, null],
      [() => real.login({ ...JANE, username: 'nopassword' }, caller), 'login_failed', id, null],
      [
        () => real.auth.changePassword(bearer, wrong, caller),
        'password_change_failed',
        user.id,
        session.id,
      ],
      [
        () => real.auth.changePassword({ sub: id, sid: 'any' }, wrong, caller),
        'password_change_failed',
        id,
        'any',
      ],
    ];
    const disabled: typeof failures = [
      [() => real.login(JANE, caller), 'login_of_disabled_user', user.id, null],
      [
        () => real.login({ ...JANE, password: 'wrong password' }, caller),
        'login_failed',
        user.id,
        null,
      ],
    ];
    const check = async (attempts: typeof failures) => {
      for (const [attempt, ...expected] of attempts) {
        real.clock.step(1);
        await assert.rejects(attempt());
        const events = await latestEvents(real.store, null, 2);
        const [latest, before] = events.map(({ type, subject, sessionId, at }) => ({
          event: [type, subject.id, sessionId],
          at,
        }));
        assert.deepEqual(latest, { event: expected, at: real.clock.ms });
        assert.notEqual(before?.at, real.clock.ms, 'one event for each attempt');
        assert.equal(events[0]?.address, '192.0.2.7');
      }
    };
    await check(failures);
    await real.auth.users.disable(user.id);
    await check(disabled);
  });
});

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

  test('a session that has ended changes no password', async () => {
    await using real = await openTestAuth();
    const signIn = await signInJane(real);
    const bearer = real.verifier.verify(signIn.accessToken);
    await real.auth.logout(bearer);
    const change = { current_password: PASSWORD, new_password: 'new password' };
    await assert.rejects(real.auth.changePassword(bearer, change), { code: 'token_revoked' });
    await real.login(JANE);
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
