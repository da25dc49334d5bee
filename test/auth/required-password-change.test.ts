import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isChallenge, type SignInResult } from '../../src/auth/sessions/sign-in-result.ts';
import {
  AccountDisabled,
  InvalidInput,
  OneTimeSecretRefused,
  RecordNotFound,
} from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const PASSWORD = 'correct horse';
const NEXT = 'battery staple';
const JANE = { username: 'jane', password: PASSWORD };

function expectChallenge(result: SignInResult): string {
  assert.ok(isChallenge(result));
  assert.deepEqual(Object.keys(result).sort(), ['challenge', 'expiresIn', 'required']);
  assert.equal(result.required, 'password_change');
  return result.challenge;
}

async function openWithJane(settings = {}) {
  const real = await openTestAuth(settings);
  const jane = await real.auth.register(JANE);
  const challenge = async (scope?: string) =>
    expectChallenge(await real.auth.login({ ...JANE, ...(scope === undefined ? {} : { scope }) }));
  const finish = (token: string, password = NEXT) =>
    real.auth.changeRequiredPassword({ challenge: token, new_password: password });
  return { real, jane, challenge, finish };
}

async function listTypes({ store }: TestAuth): Promise<string[]> {
  return (await latestEvents(store, null, 99)).map(({ type }) => type).sort();
}

suite('a required change of the password', () => {
  test('ends all sessions, and the next sign-in gets a challenge and no token', async () => {
    const { real, jane } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    assert.throws(() => real.verifier.verify(jane.accessToken), { code: 'token_revoked' });
    await assert.rejects(real.auth.refresh(jane.refreshToken), { code: 'session_ended' });
    const user = await real.auth.users.find({ id: jane.user.id });
    assert.equal(user?.passwordChangeRequiredAt, real.clock.ms);

    const result = await real.auth.login(JANE);
    expectChallenge(result);
    assert.equal(isChallenge(result) && result.expiresIn, 600);
    const bearer = { sub: jane.user.id, sid: '' };
    assert.deepEqual((await real.auth.listSessions(bearer)).sessions, []);
    await assert.rejects(real.auth.login({ ...JANE, password: 'wrong password' }), {
      code: 'invalid_credentials',
    });
    assert.deepEqual(await listTypes(real), [
      'login_challenged',
      'login_failed',
      'password_change_required',
      'user_registered',
    ]);
  });

  test('is completed with the challenge and a new password, which signs in', async () => {
    const { real, jane, challenge, finish } = await openWithJane({
      scopes: async () => ['read', 'write'],
    });
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const token = await challenge('read');
    real.clock.step(300);
    const tokens = await finish(token);
    const claims = real.verifier.verify(tokens.accessToken);
    assert.equal(claims.sub, jane.user.id);
    assert.notEqual(claims.sid, jane.session.id);
    assert.deepEqual([claims.amr, claims.auth_time], [['pwd'], real.clock.ms / 1000]);
    assert.equal(claims.scope, 'read', 'what the sign-in was narrowed to');
    assert.equal(tokens.user.passwordChangeRequiredAt, null);
    real.clock.step(60);
    assert.ok(await real.auth.refresh(tokens.refreshToken));
    await assert.rejects(real.auth.login(JANE), { code: 'invalid_credentials' });
    assert.ok((await real.login({ ...JANE, password: NEXT })).accessToken);
    assert.deepEqual(await listTypes(real), [
      'login_challenged',
      'login_failed',
      'login_succeeded',
      'login_succeeded',
      'password_change_required',
      'password_changed',
      'user_registered',
    ]);
  });

  test('accepts each challenge once, and one of many parallel uses', async () => {
    const { real, jane, challenge, finish } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const [first, second] = [await challenge(), await challenge()];
    const uses = await Promise.allSettled(
      Array.from({ length: 50 }, (_use, at) => finish(first, `new password ${at}`)),
    );
    const won = uses.filter(({ status }) => status === 'fulfilled');
    assert.equal(won.length, 1);
    for (const use of uses) {
      if (use.status === 'rejected') assert.ok(use.reason instanceof OneTimeSecretRefused);
    }
    // The other challenges ended with the password.
    await assert.rejects(finish(second), OneTimeSecretRefused);
    const bearer = { sub: jane.user.id, sid: '' };
    assert.equal((await real.auth.listSessions(bearer)).sessions.length, 1);
  });

  test('accepts only a live challenge of its own purpose', async () => {
    const { real, jane, challenge, finish } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const token = await challenge();
    const altered = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    const link = token.replace('password-change', 'link');
    for (const wrong of [altered, link, 'x', jane.accessToken, jane.refreshToken]) {
      const attempt = finish(wrong.slice(0, 256));
      await assert.rejects(attempt, OneTimeSecretRefused);
    }
    real.clock.step(600);
    await assert.rejects(finish(token), OneTimeSecretRefused);
  });

  test('keeps the challenge if the new password is refused', async () => {
    const { real, jane, challenge, finish } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const token = await challenge();
    for (const wrong of ['short', PASSWORD]) {
      await assert.rejects(finish(token, wrong), InvalidInput);
    }
    for (const input of [{}, { challenge: token }, { challenge: 1, new_password: NEXT }, null]) {
      await assert.rejects(real.auth.changeRequiredPasswordRaw(input), InvalidInput);
    }
    assert.ok(await finish(token));
  });

  test('does not sign in a user who was disabled or deleted meanwhile', async () => {
    const { real, jane, challenge, finish } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const token = await challenge();
    await real.auth.users.disable(jane.user.id);
    await assert.rejects(finish(token), AccountDisabled);
    await real.auth.users.enable(jane.user.id);
    await real.auth.users.delete(jane.user.id);
    await assert.rejects(finish(token), OneTimeSecretRefused);
  });

  test('that comes during a sign-in applies to it', async () => {
    const { real, jane } = await openWithJane();
    await using _ = real;
    const verify = real.hasher.verify.bind(real.hasher);
    real.hasher.verify = async (hash, password) => {
      real.hasher.verify = verify;
      const verdict = await verify(hash, password);
      await real.auth.users.requirePasswordChange(jane.user.id);
      return verdict;
    };
    expectChallenge(await real.auth.login(JANE));
  });

  test('outlives a password that an operator sets; the sign-in needs that password first', async () => {
    const { real, jane, finish } = await openWithJane();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    await real.auth.users.setPassword(jane.user.id, 'chosen by another');
    const login = { ...JANE, password: 'chosen by another' };
    const token = expectChallenge(await real.auth.login(login));
    await assert.rejects(finish(token, login.password), InvalidInput);
    assert.ok(await finish(token));
  });

  test('does not use up the challenge if a hook of the host throws', async () => {
    let fails = false;
    let calls = 0;
    const { real, jane, challenge, finish } = await openWithJane({
      claims: () => {
        calls++;
        if (fails) throw new Error('from the host');
        return {};
      },
    });
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    const token = await challenge();
    fails = true;
    await assert.rejects(finish(token), /from the host/);
    fails = false;
    calls = 0;
    assert.ok(await finish(token));
    assert.equal(
      calls,
      1,
      'a hook that fails after the password has changed would lose the tokens',
    );
  });

  test('needs a user with a password', async () => {
    await using real = await openTestAuth();
    const { id } = await real.auth.users.create({ username: 'robot' });
    await assert.rejects(real.auth.users.requirePasswordChange(id), RecordNotFound);
    await assert.rejects(real.auth.users.requirePasswordChange('nobody'), RecordNotFound);
  });
});
