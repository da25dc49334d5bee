import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { IdentifierTaken, InvalidInput } from '../../src/kernel/errors.ts';
import { openTestAuth } from '../support/auth.ts';

const JANE = { username: 'Jane', password: 'correct horse' };

suite('sign-up', () => {
  test('creates a user and starts no session', async () => {
    await using real = await openTestAuth();
    const user = await real.auth.createAccount(JANE);
    assert.equal((await real.auth.users.find({ username: 'jane' }))?.id, user.id);
    const { sessions } = await real.auth.listSessions({ sub: user.id, sid: '' });
    assert.deepEqual(sessions, []);
    assert.equal((await real.login(JANE)).user.id, user.id);
    await assert.rejects(real.auth.createAccount(JANE), IdentifierTaken);
  });

  for (const field of ['roles', 'passwordHash', 'id']) {
    test(`does not let a user set "${field}"`, async () => {
      await using real = await openTestAuth();
      await assert.rejects(
        real.auth.createAccount({ ...JANE, [field]: ['admin'] }),
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
      { again: [JANE.password] },
    ]) {
      await assert.rejects(
        real.auth.register({ ...JANE, ...wrong }),
        (error) => error instanceof InvalidInput && error.problems[0]?.field === 'again',
      );
    }
    await assert.rejects(real.auth.registerRaw({ username: 'jane' }), InvalidInput);
  });

  test('is not stored', async () => {
    await using real = await openTestAuth(options);
    const { user } = await real.auth.register({ ...JANE, again: JANE.password });
    assert.deepEqual(user.profile, {});
  });

  test("is not required from the host's own code", async () => {
    await using real = await openTestAuth(options);
    assert.equal((await real.auth.users.create(JANE)).username, 'Jane');
  });
});
