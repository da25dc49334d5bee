import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { IdentifierTaken, InvalidInput, RegistrationClosed } from '../../src/kernel/errors.ts';
import { openTestAuth } from '../support/auth.ts';
import { JANE, signInJane } from './support.ts';

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

const CAPITAL_JANE = { ...JANE, username: 'Jane' };

suite('registration that is closed', () => {
  test('refuses everything alike, and lets code create users', async () => {
    await using real = await openTestAuth({ registration: 'closed' });
    await real.auth.users.create(JANE);
    const { hashed } = real.hasher;
    for (const input of [JANE, { ...JANE, username: 'john' }, { username: 'x y' }, null]) {
      await assert.rejects(real.auth.registerRaw(input), RegistrationClosed);
      await assert.rejects(real.auth.createAccountRaw(input), RegistrationClosed);
    }
    assert.equal(real.hasher.hashed, hashed);
    await real.auth.users.ensure({ ...JANE, username: 'john' });
    assert.equal((await real.auth.users.list()).length, 2);
    await real.login(JANE);
  });
});

suite('sign-up', () => {
  test('creates a user and starts no session', async () => {
    await using real = await openTestAuth();
    const user = await real.auth.createAccount(CAPITAL_JANE);
    assert.equal((await real.auth.users.find({ username: 'jane' }))?.id, user.id);
    const { sessions } = await real.auth.listSessions({ sub: user.id, sid: '' });
    assert.deepEqual(sessions, []);
    assert.equal((await real.login(CAPITAL_JANE)).user.id, user.id);
    await assert.rejects(real.auth.createAccount(CAPITAL_JANE), IdentifierTaken);
  });

  for (const field of ['roles', 'passwordHash', 'id']) {
    test(`does not let a user set "${field}"`, async () => {
      await using real = await openTestAuth();
      await assert.rejects(
        real.auth.createAccount({ ...CAPITAL_JANE, [field]: ['admin'] }),
        (error) => error instanceof InvalidInput && error.problems[0]?.field === field,
      );
      assert.deepEqual(await real.auth.users.list(), []);
    });
  }
});

suite('a field that repeats the password', () => {
  const options = { fields: { again: { type: 'repeat', of: 'password' } } } as const;

  test('must be sent and be the same', async () => {
    await using real = await openTestAuth(options);
    for (const wrong of [
      {},
      { again: 'Correct horse' },
      { again: null },
      { again: [CAPITAL_JANE.password] },
    ]) {
      await assert.rejects(
        real.auth.register({ ...CAPITAL_JANE, ...wrong }),
        (error) => error instanceof InvalidInput && error.problems[0]?.field === 'again',
      );
    }
    await assert.rejects(real.auth.registerRaw({ username: 'jane' }), InvalidInput);
  });

  test('is not stored', async () => {
    await using real = await openTestAuth(options);
    const { user } = await real.auth.register({ ...CAPITAL_JANE, again: CAPITAL_JANE.password });
    assert.deepEqual(user.profile, {});
  });

  test("is not required from the host's own code", async () => {
    await using real = await openTestAuth(options);
    assert.equal((await real.auth.users.create(CAPITAL_JANE)).username, 'Jane');
  });
});
