import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Caller } from '../../src/auth/audit/caller.ts';
import { anonymousCaller } from '../../src/auth/audit/caller.ts';
import type { BeforeRegisterHook, BeforeSignInHook } from '../../src/auth/hooks/host-hooks.ts';
import { AccessDenied, CredentialsRefused, HostRefusal } from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';
import { JANE, onceVerified, PASSWORD, signInJane, storeHash } from './support.ts';

const caller: Caller = { ...anonymousCaller, address: '203.0.113.7' };
const SENTENCE = 'Renew your subscription.';
const refuse = () => {
  throw new HostRefusal(SENTENCE);
};

/** What a hook may do wrong. None of it lets a caller in, or becomes an answer to it. */
const MISTAKES: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('mistake');
  },
  'throws an error with a status': () => {
    throw Object.assign(new Error('mistake'), { statusCode: 403 });
  },
  'throws an error of Latchkey': () => {
    throw new AccessDenied('insufficient_role', 'mistake');
  },
  rejects: () => Promise.reject(new Error('mistake')),
  'returns false': () => false,
};

/** Checks that nothing of a sign-in or a registration was written. */
async function assertNothingNew(real: TestAuth, act: () => Promise<unknown>, events: unknown) {
  const before = await latestEvents(real.store, null, 50);
  const users = await real.auth.users.list();
  await assert.rejects(act(), (error: Error) => {
    assert.ok(!('status' in error) || (error as HostRefusal).code === 'refused_by_host');
    return true;
  });
  assert.deepEqual(await real.auth.users.list(), users);
  const known = new Set(before.map(({ id }) => id));
  const added = (await latestEvents(real.store, null, 50)).filter(({ id }) => !known.has(id));
  assert.deepEqual(
    added.map(({ type }) => type),
    events,
  );
}

suite('beforeRegister', () => {
  for (const method of ['register', 'createAccount'] as const) {
    test(`is asked by ${method} with the checked input, before names are looked up`, async () => {
      const asked: Parameters<BeforeRegisterHook>[] = [];
      await using real = await openTestAuth({
        fields: { team: { type: 'string' } },
        beforeRegister: (...args) => void asked.push(args),
      });
      const input = { ...JANE, email: 'jane@example.com', team: 'red' };
      await real.auth[method](input, caller);
      const { username, email } = input;
      const seen = { username, email, name: null, profile: { team: 'red' } };
      assert.deepEqual(asked, [[seen, caller]]);
      await assert.rejects(real.auth[method](input, caller), /taken/);
      assert.equal(asked.length, 2);
      await assert.rejects(real.auth[method]({ ...input, password: 'short' }));
      await real.auth.users.create({ ...JANE, username: 'john' });
      assert.equal(asked.length, 2, 'neither for invalid input nor for code');
    });

    test(`refuses ${method} with its sentence, and an event is all that is written`, async () => {
      await using real = await openTestAuth({ beforeRegister: refuse });
      await assert.rejects(real.auth[method](JANE, caller), (error) => {
        assert.ok(error instanceof HostRefusal);
        assert.equal(error.status, 403);
        assert.equal(error.message, SENTENCE);
        return true;
      });
      assert.equal(real.hasher.hashed, 0);
      assert.deepEqual(await real.auth.users.list(), []);
      const [event, ...others] = await latestEvents(real.store, null, 50);
      assert.deepEqual(others, []);
      assert.equal(event?.type, 'registration_refused');
      assert.equal(event?.reason, 'refused_by_host');
      assert.equal(event?.address, caller.address);
      assert.deepEqual(event?.subject, { kind: 'user', id: null });
    });
  }

  for (const [what, mistake] of Object.entries(MISTAKES)) {
    test(`that ${what} fails the registration, and nothing is written`, async () => {
      const beforeRegister = mistake as BeforeRegisterHook;
      await using real = await openTestAuth({ beforeRegister });
      await assertNothingNew(real, () => real.auth.register(JANE, caller), []);
    });
  }
});

suite('beforeSignIn', () => {
  test('is asked when the password was right, and not otherwise', async () => {
    const asked: Parameters<BeforeSignInHook>[] = [];
    await using real = await openTestAuth({ beforeSignIn: (...args) => void asked.push(args) });
    const { user, refreshToken } = await real.auth.register(JANE, caller);
    assert.equal(asked.length, 1, 'a registration signs in');
    const actor = { kind: 'user', id: user.id };
    assert.deepEqual(asked.pop(), [user, { ...caller, actor }]);
    await real.login(JANE, caller);
    assert.deepEqual(asked.pop(), [user, { ...caller, actor }]);
    await assert.rejects(real.login({ ...JANE, password: 'wrong' }), CredentialsRefused);
    await assert.rejects(real.login({ ...JANE, username: 'john' }), CredentialsRefused);
    await real.auth.refresh(refreshToken);
    await real.auth.createAccount({ ...JANE, username: 'john' });
    await real.auth.users.disable(user.id);
    await assert.rejects(real.login(JANE));
    assert.deepEqual(asked, []);
  });

  test('refuses with its sentence, and an event is all that is written', async () => {
    let beforeSignIn: BeforeSignInHook = () => {};
    await using real = await openTestAuth({ beforeSignIn: (...args) => beforeSignIn(...args) });
    const { user } = await signInJane(real);
    beforeSignIn = refuse;
    await storeHash(real, user.id, `$2b$${PASSWORD}`);
    const events = ['login_refused'];
    await assertNothingNew(real, () => real.login(JANE, caller), events);
    const event = (await latestEvents(real.store, null, 50)).find(
      ({ type }) => type === 'login_refused',
    );
    assert.deepEqual(event?.actor, { kind: 'user', id: user.id });
    assert.deepEqual(event?.subject, { kind: 'user', id: user.id });
    assert.equal(event?.reason, 'refused_by_host');
    const stored = await real.store.findUser({ id: user.id });
    assert.equal(stored?.passwordHash, `$2b$${PASSWORD}`, 'the hash was not replaced');
    // A registration, too, leaves no user behind.
    const register = () => real.auth.register({ ...JANE, username: 'john' }, caller);
    await assertNothingNew(real, register, events);
  });

  test('refuses before a challenge is made, and again when it is presented', async () => {
    let beforeSignIn: BeforeSignInHook = refuse;
    await using real = await openTestAuth({ beforeSignIn: (...args) => beforeSignIn(...args) });
    const { id } = await real.auth.createAccount(JANE);
    await real.auth.users.requirePasswordChange(id);
    await assertNothingNew(real, () => real.login(JANE), ['login_refused']);
    beforeSignIn = () => {};
    const result = await real.auth.login(JANE);
    assert.ok('challenge' in result);
    const input = { challenge: result.challenge, new_password: 'another password' };
    beforeSignIn = refuse;
    const change = () => real.auth.changeRequiredPassword(input);
    await assertNothingNew(real, change, ['login_refused']);
    beforeSignIn = () => {};
    await change();
  });

  test('is asked again if the user changed in between', async () => {
    const asked: string[] = [];
    await using real = await openTestAuth({
      beforeSignIn: ({ roles }) => void asked.push(roles.join()),
    });
    const { user } = await signInJane(real);
    asked.length = 0;
    await storeHash(real, user.id, `$2b$${PASSWORD}`);
    onceVerified(real, async () => {
      await real.auth.users.setRoles(user.id, ['editor']);
      await storeHash(real, user.id, `$argon2id$${PASSWORD}`);
    });
    await real.login(JANE);
    assert.deepEqual(asked, ['', 'editor']);
  });

  for (const [what, mistake] of Object.entries(MISTAKES)) {
    test(`that ${what} fails the sign-in, and nothing is written`, async () => {
      let beforeSignIn: BeforeSignInHook = () => {};
      await using real = await openTestAuth({ beforeSignIn: (...args) => beforeSignIn(...args) });
      await signInJane(real);
      beforeSignIn = mistake as BeforeSignInHook;
      await assertNothingNew(real, () => real.login(JANE, caller), []);
      const register = () => real.auth.register({ ...JANE, username: 'john' }, caller);
      await assertNothingNew(real, register, []);
    });
  }
});
