import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import list from '../../src/auth/credentials/passwords/common-passwords.json' with { type: 'json' };
import { CredentialsRefused, InvalidInput } from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { JANE, PASSWORD, signInJane, storeHash } from './support.ts';

/** The codes of the problems with a password, or none if it was accepted. */
async function codesOf(act: Promise<unknown>): Promise<readonly (string | undefined)[]> {
  try {
    await act;
    return [];
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error));
    return error.problems.map(({ code }) => code);
  }
}

/** Every way in which a person chooses a password, by name, for the user {@link JANE}. */
const CHOICES: Readonly<Record<string, (real: TestAuth, password: string) => Promise<unknown>>> = {
  'at registration': (real, password) =>
    real.auth.register({ ...JANE, email: 'marie.curie@example.com', name: 'Ada King', password }),
  'of an account without a session': (real, password) =>
    real.auth.createAccount({
      ...JANE,
      email: 'marie.curie@example.com',
      name: 'Ada King',
      password,
    }),
  'in a change': async (real, password) => {
    const { accessToken } = await registerJane(real);
    const principal = real.verifier.verify(accessToken);
    const input = { current_password: PASSWORD, new_password: password };
    return real.auth.changePassword(principal, input);
  },
  'in a required change': async (real, password) => {
    const { user } = await registerJane(real);
    await real.auth.users.requirePasswordChange(user.id);
    const result = await real.auth.login(JANE);
    assert.ok('challenge' in result);
    const input = { challenge: result.challenge, new_password: password };
    return real.auth.changeRequiredPassword(input);
  },
};

function registerJane(real: TestAuth) {
  return real.auth.register({ ...JANE, email: 'marie.curie@example.com', name: 'Ada King' });
}

suite('a password that a person chooses', () => {
  const refused: Readonly<Record<string, string>> = {
    seven77: 'password_too_short',
    [`${'long '.repeat(205)}`]: 'password_too_long',
    password1234: 'password_common',
    PassWord1234: 'password_common',
    ｐａｓｓｗｏｒｄ: 'password_common',
    'so jane it is': 'password_contains_name',
    'so JANE it is': 'password_contains_name',
    'she is a mariecurious one': 'password_contains_name',
    'what a dakini': 'password_contains_name',
    'our LatchKey here': 'password_contains_app_name',
  };
  for (const [how, choose] of Object.entries(CHOICES)) {
    test(`is refused ${how} if it is short, long, common, or has a part of a name`, async () => {
      for (const [password, code] of Object.entries(refused)) {
        await using real = await openTestAuth();
        assert.deepEqual(await codesOf(choose(real, password)), [code], password);
      }
    });

    test(`is accepted ${how} whatever its characters are`, async () => {
      for (const password of [
        'aaaabaaaa',
        '12 34 56 78',
        '🦆🦆🦆🦆🦆🦆🦆🦆',
        'пароль-мой-такой',
        ' \t\u0007 spaces ',
        'long '.repeat(204),
        // The domain of the address and three characters of the name are not a part.
        'my example ada',
      ]) {
        await using real = await openTestAuth();
        assert.deepEqual(await codesOf(choose(real, password)), [], password);
      }
    });
  }

  test('has no part of the name that the app was given', async () => {
    await using real = await openTestAuth({ appName: 'Blue Bird & Co' });
    for (const password of ['one blueprint more', 'the BIRDS of june', 'the bluebirds']) {
      const codes = await codesOf(real.auth.register({ ...JANE, password }));
      assert.deepEqual(codes, ['password_contains_app_name'], password);
    }
    assert.deepEqual(await codesOf(real.auth.register({ ...JANE, password: 'our latchkey' })), []);
  });

  test('gets all that is wrong in sentences that quote nothing of it', async () => {
    await using real = await openTestAuth({ appName: 'Password Shop' });
    await assert.rejects(
      real.auth.register({ username: 'swordfish', password: 'Password1' }),
      (error) => {
        assert.ok(error instanceof InvalidInput);
        assert.deepEqual(
          error.problems.map(({ code }) => code),
          ['password_common', 'password_contains_name', 'password_contains_app_name'],
        );
        for (const { problem } of error.problems)
          assert.match(problem, /^"password" .* Choose .*\.$/);
        assert.ok(!error.message.includes('Password1'));
        return true;
      },
    );
    assert.deepEqual(await real.auth.users.list(), []);
  });

  test('differs from the current one, however that is typed', async () => {
    await using real = await openTestAuth();
    const password = 'un café très noir';
    const { accessToken } = await real.auth.register({ username: 'jane', password });
    const input = { current_password: password, new_password: password.normalize('NFD') };
    const change = real.auth.changePassword(real.verifier.verify(accessToken), input);
    assert.deepEqual(await codesOf(change), ['password_unchanged']);
  });
});

suite('a password that code sets', () => {
  test('may be easy to guess, and the operator is told so', async () => {
    const notices: string[] = [];
    await using real = await openTestAuth({}, ({ text }) => notices.push(text));
    const { users } = real.auth;
    const user = await users.create({ username: 'jane', password: 'password123' });
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /user jane is easy to guess.* is a common password/);
    assert.ok(!notices[0]?.includes('password123'));
    await users.ensure({ username: 'jane', password: 'password123' });
    assert.equal(notices.length, 1, 'an existing user stays as it is');
    await users.setPassword(user.id, 'jane is my name');
    assert.match(notices[1] ?? '', /in a row from your username/);
    await users.setPassword(user.id, PASSWORD);
    await users.create({ username: 'john', passwordHash: '$2b$correct horse' }).catch(() => {});
    assert.equal(notices.length, 2);
    await real.login(JANE);
  });

  test('is long enough anyway', async () => {
    await using real = await openTestAuth();
    const create = real.auth.users.create({ username: 'jane', password: 'seven77' });
    assert.deepEqual(await codesOf(create), ['password_too_short']);
  });
});

suite('the same password from another keyboard', () => {
  const composed = 'un caf\u00e9 tr\u00e8s noir';
  const forms = [composed, composed.normalize('NFD'), composed.replaceAll(' ', '\u00a0')];

  test('signs in, in whichever form it was set', async () => {
    for (const set of forms) {
      await using real = await openTestAuth();
      await real.auth.register({ username: 'jane', password: set });
      for (const password of forms) await real.login({ username: 'jane', password });
      for (const password of [composed.toUpperCase(), `${composed} `, 'un cafe tres noir']) {
        await assert.rejects(real.login({ username: 'jane', password }), CredentialsRefused);
      }
    }
  });

  test('signs in with a hash of the form that was typed, which is then replaced', async () => {
    const decomposed = composed.normalize('NFD');
    await using real = await openTestAuth();
    const { user } = await signInJane(real);
    await storeHash(real, user.id, `$argon2id$${decomposed}`);
    await assert.rejects(real.login({ ...JANE, password: composed }), CredentialsRefused);
    await real.login({ ...JANE, password: decomposed });
    await real.login({ ...JANE, password: composed });
  });

  test('is as long as its characters are many, composed', async () => {
    await using real = await openTestAuth();
    const short = 'éééé'.normalize('NFD');
    assert.equal([...short].length, 8);
    const codes = await codesOf(real.auth.register({ ...JANE, password: short }));
    assert.deepEqual(codes, ['password_too_short']);
  });
});

test('the list of common passwords is long, sorted, in lower case, and comes with its licence', () => {
  const { passwords, licence } = list;
  assert.ok(passwords.length >= 15_000);
  assert.ok(passwords.every((it) => it.length >= 8 && it === it.toLowerCase()));
  assert.deepEqual([...new Set(passwords)].sort(), passwords);
  assert.match(licence.join(' '), /Permission is hereby granted, free of charge/);
});
