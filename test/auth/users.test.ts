import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  CredentialsRefused,
  IdentifierTaken,
  InvalidInput,
  RecordNotFound,
  TokenRefused,
} from '../../src/kernel/errors.ts';
import { openTestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const PASSWORD = 'correct horse';

suite('users', () => {
  test('are found by id, username and email address, in any spelling of these', async () => {
    await using real = await openTestAuth();
    const { users } = real.auth;
    const jane = await users.create({
      username: 'Jäne',
      email: 'Jane@Example.COM',
      password: PASSWORD,
    });
    for (const reference of [
      { id: jane.id },
      { username: 'jäne' },
      { username: 'JÄNE' },
      { username: 'ja\u0308ne' },
      { email: 'jane@example.com' },
    ]) {
      assert.equal((await users.find(reference))?.id, jane.id, JSON.stringify(reference));
    }
    assert.equal(await users.find({ username: 'jane' }), undefined);
    assert.equal(await users.find({ username: 'no name at all' }), undefined);
    assert.equal(await users.find({ email: 'no address' }), undefined);
    assert.match(jane.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  for (const [first, second] of [
    ['alice', 'ALICE'],
    ['Alice', 'ａｌｉｃｅ'],
    ['josé', 'jose\u0301'],
    ['straße', 'STRASSE'],
    ['οδος', 'ΟΔΟΣ'],
  ] as const) {
    test(`"${first}" and "${second}" are one username`, async () => {
      await using real = await openTestAuth();
      await real.auth.users.create({ username: first, password: PASSWORD });
      await assert.rejects(
        real.auth.users.create({ username: second, password: PASSWORD }),
        (error) => error instanceof IdentifierTaken && error.code === 'username_taken',
      );
    });
  }

  for (const username of [
    '',
    ' alice',
    'al ice',
    'a@b',
    'al\u200bice',
    '-alice',
    'a/b',
    '\u0308a',
    'a'.repeat(65),
  ]) {
    test(`${JSON.stringify(username)} is not a valid username`, async () => {
      await using real = await openTestAuth();
      await assert.rejects(real.auth.users.create({ username, password: PASSWORD }), InvalidInput);
    });
  }

  for (const email of [
    'jane',
    '@example.com',
    'jane@',
    'jane@localhost',
    'ja ne@example.com',
    'jane@exam ple.com',
    'jane@example..com',
    'jane@-example.com',
    '.jane@example.com',
    'jane@example.com\r\nBcc: x@example.com',
    'jane@[127.0.0.1]',
    'jane@evil.com@example.com ',
    `${'a'.repeat(65)}@example.com`,
    `jane@${'a'.repeat(250)}.com`,
  ]) {
    test(`${JSON.stringify(email)} is not a valid email address`, async () => {
      await using real = await openTestAuth();
      await assert.rejects(real.auth.users.create({ email, password: PASSWORD }), InvalidInput);
    });
  }

  for (const email of [
    'jane.doe+tag@example.co.uk',
    "o'brien@example.com",
    'jane@bücher.example',
    'δοκιμή@example.com',
  ]) {
    test(`${email} is an email address`, async () => {
      await using real = await openTestAuth();
      assert.equal((await real.auth.users.create({ email, password: PASSWORD })).email, email);
    });
  }

  test('names, roles and passwords of the greatest length are accepted', async () => {
    await using real = await openTestAuth();
    const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(57)}.com`;
    const input = {
      username: 'a'.repeat(64),
      email: `${'a'.repeat(64)}@${domain}`,
      name: 'a'.repeat(256),
      password: '\u{1f511}'.repeat(1024),
    };
    assert.equal(input.email.length, 254);
    const roles = Array.from({ length: 32 }, (_, at) => String(at).padStart(64, 'a'));
    const user = await real.auth.users.create({ ...input, roles });
    assert.deepEqual(user.roles, roles);
    for (const name of [input.username, input.email]) {
      const signIn = await real.login({ username: name, password: input.password });
      assert.equal(signIn.user.id, user.id);
    }
    const tooMany = [...roles, 'admin'];
    await assert.rejects(real.auth.users.setRoles(user.id, tooMany), InvalidInput);
  });

  test('a domain in two spellings is one', async () => {
    await using real = await openTestAuth();
    await real.auth.users.create({ email: 'jane@bücher.example', password: PASSWORD });
    const other = { email: 'JANE@xn--bcher-kva.example', password: PASSWORD };
    await assert.rejects(real.auth.users.create(other), IdentifierTaken);
  });

  test('ensure adds once, also in parallel, and changes nothing later', async () => {
    await using real = await openTestAuth();
    const input = { username: 'jane', password: PASSWORD, roles: ['admin'] };
    const made = await Promise.all(Array.from({ length: 5 }, () => real.auth.users.ensure(input)));
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
    const again = await real.auth.users.ensure({ username: 'JANE', password: 'another password' });
    assert.deepEqual(again.roles, ['admin']);
    await real.login({ username: 'jane', password: PASSWORD });
  });

  test('are listed in pages', async () => {
    await using real = await openTestAuth();
    for (let i = 0; i < 5; i++) {
      await real.auth.users.create({ username: `user${i}`, password: PASSWORD });
      real.clock.step(1);
    }
    const first = await real.auth.users.list({ limit: 3 });
    const after = first.at(-1)?.id ?? '';
    const second = await real.auth.users.list({ limit: 3, after });
    assert.deepEqual(
      [...first, ...second].map(({ username }) => username),
      ['user0', 'user1', 'user2', 'user3', 'user4'],
    );
  });

  test('no result has a hash or an internal key', async () => {
    await using real = await openTestAuth();
    const made = await real.auth.users.create({ username: 'jane', password: PASSWORD });
    const found = await real.auth.users.find({ id: made.id });
    const [listed] = await real.auth.users.list();
    const { user } = await real.login({ username: 'jane', password: PASSWORD });
    for (const shown of [made, found, listed, user]) {
      assert.deepEqual(shown, made);
      assert.doesNotMatch(JSON.stringify(shown), /argon2|Hash|Key|tokenVersion/);
    }
  });

  test('without a password cannot sign in', async () => {
    await using real = await openTestAuth();
    await real.auth.users.create({ username: 'robot' });
    const attempt = real.login({ username: 'robot', password: PASSWORD });
    await assert.rejects(attempt, CredentialsRefused);
  });

  test('an imported hash is stored as it is, another kind is refused', async () => {
    await using real = await openTestAuth();
    await real.auth.users.create({ username: 'old', passwordHash: `$2b$${PASSWORD}` });
    await real.login({ username: 'old', password: PASSWORD });
    const variants = ['$argon2i$', '$argon2d$', '$2x$'].map((kind) => `${kind}${PASSWORD}`);
    for (const passwordHash of ['plain text', '$1$md5', '', ...variants]) {
      const attempt = real.auth.users.create({ username: 'other', passwordHash });
      await assert.rejects(attempt, InvalidInput);
    }
    const both = { username: 'both', password: PASSWORD, passwordHash: `$2b$${PASSWORD}` };
    await assert.rejects(real.auth.users.create(both), InvalidInput);
  });

  test('roles: the session lives on, tokens with the old roles do not', async () => {
    await using real = await openTestAuth();
    const { id } = await real.auth.users.create({ username: 'jane', password: PASSWORD });
    const signIn = await real.login({ username: 'jane', password: PASSWORD });
    await real.auth.users.setRoles(id, ['admin', 'admin', 'billing:read']);
    assert.throws(() => real.verifier.verify(signIn.accessToken), TokenRefused);
    const next = await real.auth.refresh(signIn.refreshToken);
    assert.deepEqual(real.verifier.verify(next.accessToken).roles, ['admin', 'billing:read']);
    for (const roles of [['two words'], [''], 'admin', [1], Array(33).fill('x'), [null]]) {
      const attempt = real.auth.users.setRoles(id, roles as string[]);
      await assert.rejects(attempt, InvalidInput, JSON.stringify(roles));
    }
  });

  for (const [name, act] of [
    ['disabling', (users, id) => users.disable(id)],
    ['deleting', (users, id) => users.delete(id)],
    ['setting a password', (users, id) => users.setPassword(id, 'another password')],
  ] as readonly [
    string,
    (users: import('../../src/auth/users/users.ts').Users, id: string) => Promise<void>,
  ][]) {
    test(`${name} ends every session immediately`, async () => {
      await using real = await openTestAuth();
      const { id } = await real.auth.users.create({ username: 'jane', password: PASSWORD });
      const signIns = [
        await real.login({ username: 'jane', password: PASSWORD }),
        await real.login({ username: 'jane', password: PASSWORD }),
      ];
      await act(real.auth.users, id);
      for (const { accessToken, refreshToken } of signIns) {
        assert.throws(() => real.verifier.verify(accessToken), TokenRefused);
        await assert.rejects(real.auth.refresh(refreshToken));
      }
      await assert.rejects(real.login({ username: 'jane', password: PASSWORD }));
      await real.restart();
      for (const { accessToken } of signIns) {
        assert.throws(() => real.verifier.verify(accessToken), TokenRefused);
      }
    });
  }

  test('an enabled user signs in again; an earlier token stays revoked', async () => {
    await using real = await openTestAuth();
    const { id } = await real.auth.users.create({ username: 'jane', password: PASSWORD });
    const before = await real.login({ username: 'jane', password: PASSWORD });
    await real.auth.users.disable(id);
    await real.auth.users.enable(id);
    const after = await real.login({ username: 'jane', password: PASSWORD });
    assert.equal(real.verifier.verify(after.accessToken).sub, id);
    assert.throws(() => real.verifier.verify(before.accessToken), TokenRefused);
  });

  test('a user with more sessions than one transaction removes is deleted by one call', async () => {
    await using real = await openTestAuth({ maxSessions: 1000 });
    const { id } = await real.auth.users.create({ username: 'jane', password: PASSWORD });
    const logins = Array.from({ length: 250 }, () =>
      real.login({ username: 'jane', password: PASSWORD }),
    );
    const [first] = await Promise.all(logins);
    real.clock.step(1);
    await real.auth.users.delete(id);
    assert.equal(await real.auth.users.find({ id }), undefined);
    await assert.rejects(real.auth.refresh(first?.refreshToken ?? ''), { code: 'user_gone' });
    const deletions = await latestEvents(real.store, id, 2);
    assert.deepEqual(
      deletions.map(({ type }) => type),
      ['user_deleted', 'login_succeeded'],
    );
  });

  test('a user who does not exist cannot be changed', async () => {
    await using real = await openTestAuth();
    const id = '01900000-0000-7000-8000-000000000000';
    const { users } = real.auth;
    await assert.rejects(users.setRoles(id, []), RecordNotFound);
    await assert.rejects(users.setPassword(id, PASSWORD), RecordNotFound);
    await assert.rejects(users.disable(id), RecordNotFound);
    await assert.rejects(users.enable(id), RecordNotFound);
    await assert.rejects(users.delete(id), RecordNotFound);
    assert.deepEqual(await latestEvents(real.store, id, 10), []);
  });
});
