import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { anonymousCaller } from '../../src/auth/audit/caller.ts';
import {
  AccountDisabled,
  CredentialsRefused,
  InvalidInput,
  ServerOverloaded,
  StoreUnavailable,
} from '../../src/kernel/errors.ts';
import { expectTokens, openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { JANE, onceVerified, PASSWORD, signInJane, storeHash } from './support.ts';

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
      password.normalize('NFKC').replace('ä', 'a'),
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

  test('a wrong password is not answered before it is in the audit trail', async () => {
    await using real = await openTestAuth();
    const { user, session } = await signInJane(real);
    const joe = await real.auth.users.create({ username: 'joe', password: PASSWORD });
    await real.auth.users.disable(joe.id);
    real.store.recordEvent = () => Promise.reject(new StoreUnavailable('The disk is full.'));
    const wrong = { current_password: 'wrong password', new_password: 'new password' };
    for (const attempt of [
      () => real.login({ ...JANE, password: 'wrong password' }),
      () => real.login({ ...JANE, username: 'joe' }),
      () => real.auth.changePassword({ sub: user.id, sid: session.id }, wrong),
    ]) {
      await assert.rejects(attempt(), StoreUnavailable);
    }
  });
});
