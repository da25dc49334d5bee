import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { HOTP, Secret, TOTP } from 'otpauth';
import { anonymousCaller } from '../../src/auth/audit/caller.ts';
import type { AuditEventType } from '../../src/auth/audit/event.ts';
import { findMatchingStep, findStep } from '../../src/auth/credentials/second-factors/totp.ts';
import type { Principal } from '../../src/auth/sessions/principal.ts';
import {
  isChallenge,
  type SecondFactorChallenge,
  type SignInResult,
} from '../../src/auth/sessions/sign-in-result.ts';
import {
  AccountDisabled,
  CredentialsRefused,
  FactorRefused,
  InvalidInput,
  OneTimeSecretRefused,
  ReauthenticationRequired,
  RecordNotFound,
  TooManyAttempts,
} from '../../src/kernel/errors.ts';
import { expectTokens, openTestAuth, type TestAuth } from '../support/auth.ts';
import { latestEvents } from '../support/events.ts';

const PASSWORD = 'correct horse';
const JANE = { username: 'jane', password: PASSWORD };
const STEP_SECONDS = 30;

/** What an authenticator app shows. @param steps from now */
function showCode(secret: string, ms: number, steps = 0): string {
  const timestamp = ms + steps * STEP_SECONDS * 1000;
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
}

function expectFactorChallenge(result: SignInResult): SecondFactorChallenge {
  assert.ok(isChallenge(result) && result.required === 'second_factor');
  return result;
}

/** Jane, with an authenticator. */
async function openWithFactor(settings: Parameters<typeof openTestAuth>[0] = {}) {
  const real = await openTestAuth(settings);
  const { auth, clock } = real;
  const jane = await auth.register(JANE);
  const principal: Principal = { sub: jane.user.id, sid: jane.session.id };
  const phone = await auth.factors.addTotp(principal, { name: 'Phone' });
  const enrollingCode = showCode(phone.secret, clock.ms);
  const confirm = { code: enrollingCode };
  const confirmed = await auth.factors.confirmTotp(principal, phone.id, confirm, anonymousCaller);
  const recoveryCodes = confirmed.recoveryCodes ?? [];
  const challenge = async (login = JANE) => expectFactorChallenge(await real.auth.login(login));
  const answer = (token: string, code: string, method: 'totp' | 'recovery_code' = 'totp') =>
    real.auth.completeSignIn({ challenge: token, method, code });
  /** A code that is certainly wrong. */
  const wrongCode = () => {
    const right = [-1, 0, 1].map((steps) => showCode(phone.secret, clock.ms, steps));
    return ['000000', '111111', '222222', '333333'].find((it) => !right.includes(it)) ?? '';
  };
  const code = (steps = 0) => showCode(phone.secret, clock.ms, steps);
  return {
    ...{ real, jane, principal, phone, enrollingCode, recoveryCodes },
    ...{ challenge, answer, code, wrongCode },
  };
}

async function countEvents({ store }: TestAuth, type: AuditEventType): Promise<number> {
  const events = await latestEvents(store, null, 999);
  return events.filter((event) => event.type === type).length;
}

suite('the arithmetic', () => {
  // RFC 6238 appendix B, for SHA-1: the last six of the eight digits.
  const vectors = [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ] as const;
  const secret = new Secret({ buffer: new TextEncoder().encode('12345678901234567890').buffer });

  test('is that of RFC 6238', async () => {
    for (const [seconds, code] of vectors) {
      const now = seconds * 1000;
      const found = await findMatchingStep(secret.base32, code, { after: -1, now });
      assert.equal(found, findStep(now), code);
    }
  });

  test('accepts one step either way, and no step twice', async () => {
    const now = 1_111_111_111_000;
    const step = findStep(now);
    const match = (offset: number, after = -1) => {
      const code = HOTP.generate({ secret, counter: step + offset });
      return findMatchingStep(secret.base32, code, { after, now });
    };
    const found = await Promise.all([-2, -1, 0, 1, 2].map((offset) => match(offset)));
    assert.deepEqual(found, [undefined, step - 1, step, step + 1, undefined]);
    assert.equal(await match(0, step), undefined);
    assert.equal(await match(-1, step), undefined);
    assert.equal(await match(1, step), step + 1);
    for (const typed of ['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '0x1F40']) {
      assert.equal(
        await findMatchingStep(secret.base32, typed, { after: -1, now }),
        undefined,
        typed,
      );
    }
  });
});

suite('an authenticator', () => {
  test('is added with what an app reads, and is no factor before it was confirmed', async () => {
    await using real = await openTestAuth({ appName: 'My App' });
    const { user, session } = await real.auth.register(JANE);
    const principal = { sub: user.id, sid: session.id };
    const added = await real.auth.factors.addTotp(principal, { name: 'Phone' });
    const uri = new URL(added.uri);
    assert.equal(uri.protocol, 'otpauth:');
    assert.equal(decodeURIComponent(uri.pathname), '/My App:jane');
    assert.deepEqual(Object.fromEntries(uri.searchParams), {
      issuer: 'My App',
      secret: added.secret,
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    assert.match(added.secret, /^[A-Z2-7]{32}$/);
    assert.match(added.qr, /^data:image\/svg\+xml;base64,/);
    assert.deepEqual((await real.auth.factors.list(principal)).factors, []);
    assert.ok((await real.login(JANE)).accessToken);
    // Another one takes its place.
    const again = await real.auth.factors.addTotp(principal, { name: 'Phone' });
    const code = { code: showCode(added.secret, real.clock.ms) };
    const confirm = (id: string) =>
      real.auth.factors.confirmTotp(principal, id, code, anonymousCaller);
    await assert.rejects(confirm(added.id), RecordNotFound);
    await assert.rejects(confirm(again.id), FactorRefused);
    real.clock.step(601);
    await assert.rejects(confirm(again.id), RecordNotFound, 'ten minutes');
  });

  test('that was confirmed is asked for at every sign-in', async () => {
    const { real, jane, principal, recoveryCodes, challenge, answer, code } =
      await openWithFactor();
    await using _ = real;
    assert.equal(recoveryCodes.length, 10);
    for (const each of recoveryCodes)
      assert.match(each, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.equal(new Set(recoveryCodes).size, 10);
    const { factors, recoveryCodesLeft } = await real.auth.factors.list(principal);
    assert.deepEqual(
      factors.map(({ kind, name, createdAt }) => [kind, name, createdAt]),
      [['totp', 'Phone', real.clock.ms]],
    );
    assert.equal(recoveryCodesLeft, 10);

    real.clock.step(STEP_SECONDS);
    const { challenge: token, ...rest } = await challenge();
    assert.deepEqual(rest, {
      required: 'second_factor',
      methods: ['totp', 'recovery_code'],
      enroll: [],
      expiresIn: 600,
    });
    const before = (await real.auth.listSessions(principal)).sessions.length;
    const tokens = expectTokens(await answer(token, code()));
    assert.equal((await real.auth.listSessions(principal)).sessions.length, before + 1);
    const claims = real.verifier.verify(tokens.accessToken);
    assert.deepEqual([claims.sub, claims.amr], [jane.user.id, ['pwd', 'otp', 'mfa']]);
    assert.equal(tokens.session.mfaTime, real.clock.ms);
    assert.notEqual(tokens.session.id, jane.session.id);
    assert.equal(await countEvents(real, 'login_challenged'), 1);
    assert.equal(await countEvents(real, 'login_succeeded'), 1);
  });

  test('counts for the session that confirmed it', async () => {
    const { real, jane } = await openWithFactor();
    await using _ = real;
    const { session } = await real.auth.refresh(jane.refreshToken);
    assert.deepEqual([session.amr, session.mfaTime], [['pwd', 'otp', 'mfa'], real.clock.ms]);
  });

  test('can have others beside it, up to five', async () => {
    const { real, principal, challenge, answer } = await openWithFactor();
    await using _ = real;
    const secrets: string[] = [];
    for (const name of ['Tablet', 'Laptop', 'Watch', 'Old phone']) {
      const added = await real.auth.factors.addTotp(principal, { name });
      const code = { code: showCode(added.secret, real.clock.ms) };
      const confirmed = await real.auth.factors.confirmTotp(
        principal,
        added.id,
        code,
        anonymousCaller,
      );
      assert.equal(confirmed.recoveryCodes, undefined, 'only with the first factor');
      secrets.push(added.secret);
    }
    await assert.rejects(real.auth.factors.addTotp(principal, { name: 'Sixth' }), InvalidInput);
    real.clock.step(STEP_SECONDS);
    for (const secret of secrets) {
      const { challenge: token } = await challenge();
      expectTokens(await answer(token, showCode(secret, real.clock.ms)));
    }
  });

  test('is removed by its owner; with the last one the account has no second factor', async () => {
    const { real, principal, phone, recoveryCodes } = await openWithFactor();
    await using _ = real;
    const other = await real.auth.register({ username: 'joe', password: PASSWORD });
    const stranger = { sub: other.user.id, sid: other.session.id };
    await assert.rejects(
      real.auth.factors.remove(stranger, phone.id, anonymousCaller),
      RecordNotFound,
    );
    await real.auth.factors.remove(principal, phone.id, anonymousCaller);
    assert.deepEqual(await real.auth.factors.list(principal), {
      factors: [],
      recoveryCodesLeft: 0,
    });
    assert.ok((await real.login(JANE)).accessToken);
    const byCode = { method: 'recovery_code', code: recoveryCodes[0] ?? '' } as const;
    await assert.rejects(real.auth.reauthenticate(principal, byCode), FactorRefused);
    assert.equal(await countEvents(real, 'factor_removed'), 1);
  });

  test('and recovery codes change only with the factor presented in the last ten minutes', async () => {
    const { real, principal, phone, code } = await openWithFactor();
    await using _ = real;
    real.clock.step(601);
    const { factors } = real.auth;
    const acts = [
      () => factors.addTotp(principal, { name: 'Tablet' }),
      () => factors.remove(principal, phone.id, anonymousCaller),
      () => factors.replaceRecoveryCodes(principal, anonymousCaller),
      () =>
        real.auth.changePassword(principal, {
          current_password: PASSWORD,
          new_password: 'x'.repeat(9),
        }),
      // A password is not the strongest factor.
      () => real.auth.reauthenticate(principal, { password: PASSWORD }),
    ];
    for (const act of acts) {
      await assert.rejects(act(), (error) => {
        assert.ok(error instanceof ReauthenticationRequired);
        assert.deepEqual([error.acrValues, error.maxAuthAge], [['mfa'], 600]);
        return true;
      });
    }
    const totp = { method: 'totp', code: code() } as const;
    const renewed = await real.auth.reauthenticate(principal, totp);
    assert.deepEqual(
      [renewed.session.id, renewed.session.mfaTime, renewed.session.authTime],
      [principal.sid, real.clock.ms, real.clock.ms],
    );
    await assert.rejects(real.auth.reauthenticate(principal, totp), FactorRefused, 'used');
    assert.equal((await factors.replaceRecoveryCodes(principal, anonymousCaller)).length, 10);
    await real.auth.changePassword(principal, {
      current_password: PASSWORD,
      new_password: 'battery staple',
    });
  });
});

suite('a code', () => {
  test('is accepted once, the one that confirmed the authenticator included', async () => {
    const { real, enrollingCode, challenge, answer, code, recoveryCodes } = await openWithFactor();
    await using _ = real;
    const first = await challenge();
    await assert.rejects(answer(first.challenge, enrollingCode), FactorRefused);
    real.clock.step(STEP_SECONDS);
    await assert.rejects(answer(first.challenge, enrollingCode), FactorRefused);
    const used = code();
    expectTokens(await answer(first.challenge, used));
    const second = await challenge();
    await assert.rejects(answer(second.challenge, used), FactorRefused);
    real.clock.step(STEP_SECONDS);
    await assert.rejects(answer(second.challenge, used), FactorRefused, 'one step back');
    const [recovery = ''] = recoveryCodes;
    expectTokens(await answer(second.challenge, recovery, 'recovery_code'));
    const third = await challenge();
    await assert.rejects(answer(third.challenge, recovery, 'recovery_code'), FactorRefused);
    const typed = ` ${recoveryCodes[1]?.toLowerCase().replaceAll('-', ' ')} `;
    expectTokens(await answer(third.challenge, typed, 'recovery_code'));
    assert.equal(await countEvents(real, 'recovery_code_used'), 2);
  });

  test('of two steps back or ahead is refused', async () => {
    const { real, challenge, answer, code } = await openWithFactor();
    await using _ = real;
    real.clock.step(10 * STEP_SECONDS);
    const { challenge: token } = await challenge();
    for (const steps of [-2, 2]) await assert.rejects(answer(token, code(steps)), FactorRefused);
    expectTokens(await answer(token, code(-1)));
  });

  test('of 200 parallel uses signs in once, by one challenge or by many', async () => {
    const { real, challenge, answer, code, recoveryCodes } = await openWithFactor({
      limits: false,
    });
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    const [one, two] = [await challenge(), await challenge()];
    const [recovery = ''] = recoveryCodes;
    const race = async (
      tokens: readonly string[],
      value: string,
      method: 'totp' | 'recovery_code',
    ) => {
      const uses = Array.from({ length: 200 }, (_use, at) =>
        answer(tokens[at % tokens.length] ?? '', value, method),
      );
      const settled = await Promise.allSettled(uses);
      return settled.filter(({ status }) => status === 'fulfilled').length;
    };
    assert.equal(await race([one.challenge, two.challenge], code(), 'totp'), 1);
    const [three, four] = [await challenge(), await challenge()];
    assert.equal(await race([three.challenge, four.challenge], recovery, 'recovery_code'), 1);
  });

  test('of another user is refused', async () => {
    const { real, code, recoveryCodes } = await openWithFactor();
    await using _ = real;
    const joe = await real.auth.register({ username: 'joe', password: PASSWORD });
    const principal = { sub: joe.user.id, sid: joe.session.id };
    const added = await real.auth.factors.addTotp(principal, { name: 'Phone' });
    await assert.rejects(
      real.auth.factors.confirmTotp(principal, added.id, { code: code() }, anonymousCaller),
      FactorRefused,
    );
    const own = { code: showCode(added.secret, real.clock.ms) };
    await real.auth.factors.confirmTotp(principal, added.id, own, anonymousCaller);
    real.clock.step(STEP_SECONDS);
    const login = { username: 'joe', password: PASSWORD };
    const { challenge } = expectFactorChallenge(await real.auth.login(login));
    for (const [method, value] of [
      ['totp', code()],
      ['recovery_code', recoveryCodes[0] ?? ''],
    ] as const) {
      await assert.rejects(
        real.auth.completeSignIn({ challenge, method, code: value }),
        FactorRefused,
      );
    }
  });
});

suite('a factor', () => {
  const secret = 'Kd7wQ2xN9vR4tZpL0bYf6HsJ3mGc8UeB';

  test('outlives a new secret, and new root keys after a leak', async () => {
    const { real, phone, recoveryCodes } = await openWithFactor();
    await using _ = real;
    const before = await listSealed(real);
    const rotation = { secret, compromised: true, overlapSeconds: 86_400 };
    await real.auth.secretRotation.rotate(rotation);
    const after = await listSealed(real);
    assert.equal(after.length, 2);
    for (const [at, sealed] of after.entries()) {
      assert.notEqual(sealed.split('.')[0], before[at]?.split('.')[0], 'under another root key');
    }
    const fresh = await real.another({ secret });
    await fresh.auth.secretRotation.finish();
    assert.deepEqual(await listSealed(real), after);
    real.clock.step(STEP_SECONDS);
    const byCode = expectFactorChallenge(await fresh.auth.login(JANE));
    const code = showCode(phone.secret, real.clock.ms);
    expectTokens(
      await fresh.auth.completeSignIn({ challenge: byCode.challenge, method: 'totp', code }),
    );
    const { challenge } = expectFactorChallenge(await fresh.auth.login(JANE));
    const [recovery = ''] = recoveryCodes;
    expectTokens(
      await fresh.auth.completeSignIn({ challenge, method: 'recovery_code', code: recovery }),
    );
  });

  test('is of no use to a reader of the database, and not to another user', async () => {
    const { real, jane, phone, recoveryCodes, challenge, answer } = await openWithFactor();
    await using _ = real;
    const { authenticators, recoveryCodes: stored } = await real.store.findFactors({
      userId: jane.user.id,
    });
    const [authenticator] = authenticators;
    assert.ok(authenticator !== undefined && stored !== null);
    const text = JSON.stringify([authenticators, stored]);
    for (const secretValue of [phone.secret, ...recoveryCodes]) {
      assert.ok(!text.includes(secretValue));
      assert.ok(!text.includes(secretValue.replaceAll('-', '')));
    }
    // Every value that is stored, presented as a code and as a challenge.
    const values = [
      ...Object.values(authenticator).map(String),
      ...authenticator.sealedSecret.split('.'),
      ...stored.macs,
      ...stored.sealedKey.split('.'),
    ];
    for (const value of values) {
      const { challenge: token } = await challenge();
      for (const method of ['totp', 'recovery_code'] as const) {
        const code = value.slice(0, 64);
        await assert.rejects(answer(token, code, method), FactorRefused, value);
      }
      const asChallenge = answer(value.slice(0, 256), '123456');
      await assert.rejects(asChallenge, OneTimeSecretRefused, value);
    }
    // A sealed secret that was moved to another user opens nothing.
    const joe = await real.auth.register({ username: 'joe', password: PASSWORD });
    const moved = { ...authenticator, id: joe.session.id, userId: joe.user.id, lastStep: -1 };
    await real.store.addAuthenticator({ authenticator: { ...moved, confirmedAt: null }, limit: 5 });
    real.clock.step(STEP_SECONDS);
    const principal = { sub: joe.user.id, sid: joe.session.id };
    const code = { code: showCode(phone.secret, real.clock.ms) };
    await assert.rejects(
      real.auth.factors.confirmTotp(principal, moved.id, code, anonymousCaller),
      FactorRefused,
    );
  });
});

async function listSealed({ store }: TestAuth): Promise<string[]> {
  const args = { after: null, limit: 9 };
  const secrets = await store.listSealed({ table: 'authenticators', ...args });
  const keys = await store.listSealed({ table: 'recovery_codes', ...args });
  return [...secrets, ...keys].map(({ sealed }) => sealed);
}

suite('a challenge', () => {
  test('ends after five wrong codes, whatever the method, and with the password', async () => {
    const { real, jane, challenge, answer, code, wrongCode } = await openWithFactor();
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    const [first, second] = [await challenge(), await challenge()];
    for (let tries = 0; tries < 3; tries++) {
      await assert.rejects(answer(first.challenge, wrongCode()), FactorRefused);
    }
    for (let tries = 0; tries < 2; tries++) {
      const wrong = answer(first.challenge, 'AAAA-AAAA-AAAA-AAAA', 'recovery_code');
      await assert.rejects(wrong, FactorRefused);
    }
    await assert.rejects(answer(first.challenge, code()), OneTimeSecretRefused);
    await real.auth.users.setPassword(jane.user.id, 'battery staple');
    await assert.rejects(answer(second.challenge, code()), OneTimeSecretRefused);
    // A code that met a challenge that had ended was not used up.
    const third = await challenge({ ...JANE, password: 'battery staple' });
    expectTokens(await answer(third.challenge, code()));
    assert.equal(await countEvents(real, 'second_factor_failed'), 5);
  });

  test('is for one use, ten minutes and its own step', async () => {
    const { real, challenge, answer, code } = await openWithFactor();
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    const { challenge: token } = await challenge();
    const asPassword = { challenge: token, new_password: 'battery staple' };
    await assert.rejects(real.auth.changeRequiredPassword(asPassword), OneTimeSecretRefused);
    expectTokens(await answer(token, code()));
    real.clock.step(STEP_SECONDS);
    await assert.rejects(answer(token, code()), OneTimeSecretRefused);
    const late = await challenge();
    real.clock.step(600);
    await assert.rejects(answer(late.challenge, code()), OneTimeSecretRefused);
  });

  test('of a user who was disabled meanwhile starts no session', async () => {
    const { real, jane, challenge, answer, code } = await openWithFactor();
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    const { challenge: token } = await challenge();
    await real.auth.users.disable(jane.user.id);
    await assert.rejects(answer(token, code()), AccountDisabled);
    await real.auth.users.enable(jane.user.id);
    await real.auth.users.delete(jane.user.id);
    await assert.rejects(answer(token, code()), OneTimeSecretRefused);
  });

  test('comes before a required change of the password, which completes the sign-in', async () => {
    const { real, jane, challenge, answer, code } = await openWithFactor();
    await using _ = real;
    await real.auth.users.requirePasswordChange(jane.user.id);
    real.clock.step(STEP_SECONDS);
    const { challenge: token } = await challenge();
    const next = await answer(token, code());
    assert.ok(isChallenge(next) && next.required === 'password_change');
    await assert.rejects(answer(token, code(1)), OneTimeSecretRefused, 'used up');
    await assert.rejects(answer(next.challenge, code(1)), OneTimeSecretRefused);
    const change = { challenge: next.challenge, new_password: 'battery staple' };
    const { session } = await real.auth.changeRequiredPassword(change);
    assert.deepEqual([session.amr, session.mfaTime], [['pwd', 'otp', 'mfa'], real.clock.ms]);
  });

  test('is what a sign-in gets that began before the factor was confirmed', async () => {
    await using real = await openTestAuth();
    const { user, session } = await real.auth.register(JANE);
    const principal = { sub: user.id, sid: session.id };
    const added = await real.auth.factors.addTotp(principal, { name: 'Phone' });
    const verify = real.hasher.verify.bind(real.hasher);
    real.hasher.verify = async (hash, password) => {
      real.hasher.verify = verify;
      const verdict = await verify(hash, password);
      const code = { code: showCode(added.secret, real.clock.ms) };
      await real.auth.factors.confirmTotp(principal, added.id, code, anonymousCaller);
      return verdict;
    };
    expectFactorChallenge(await real.auth.login(JANE));
    assert.equal((await real.auth.listSessions(principal)).sessions.length, 1);
  });
});

const LIMITED = { limits: { privateAddresses: false } };

suite('guessing', () => {
  test('is limited to ten codes an hour and account, however many challenges there are', async () => {
    const { real, challenge, answer, code, wrongCode, recoveryCodes } =
      await openWithFactor(LIMITED);
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    for (let tries = 0; tries < 10; tries++) {
      const { challenge: token } = await challenge();
      await assert.rejects(answer(token, wrongCode()), FactorRefused);
    }
    const { challenge: token } = await challenge();
    await assert.rejects(answer(token, code()), TooManyAttempts);
    const byRecovery = answer(token, recoveryCodes[0] ?? '', 'recovery_code');
    await assert.rejects(byRecovery, TooManyAttempts);
    real.clock.step(3600);
    const later = await challenge();
    expectTokens(await answer(later.challenge, code()));
  });

  test('for a year gives a chance of 1 in 6,700, because the password stops working', async () => {
    const { real, jane, challenge, answer, wrongCode } = await openWithFactor(LIMITED);
    await using _ = real;
    const end = real.clock.ms + 365 * 86_400_000;
    let tried = 0;
    while (real.clock.ms < end && tried < 100) {
      real.clock.step(400);
      try {
        const { challenge: token } = await challenge();
        await assert.rejects(answer(token, wrongCode()), FactorRefused);
        tried += 1;
      } catch (error) {
        if (!(error instanceof CredentialsRefused)) throw error;
        break;
      }
    }
    assert.equal(tried, 50);
    const chance = 1 - (1 - 3 / 1_000_000) ** tried;
    assert.ok(chance < 1 / 6_600, String(chance));
    const user = await real.store.findUser({ id: jane.user.id });
    assert.equal(user?.passwordHash, null);
    assert.equal(await countEvents(real, 'password_withdrawn'), 1);
    // The owner's session lives, and an operator gives another password.
    assert.ok(await real.auth.findMe({ sub: jane.user.id, sid: jane.session.id }));
    await real.auth.users.setPassword(jane.user.id, 'battery staple');
    expectFactorChallenge(await real.auth.login({ ...JANE, password: 'battery staple' }));
  });

  test('within a session ends it after ten codes, and costs the owner nothing', async () => {
    const { real, principal, challenge, answer, code, wrongCode } = await openWithFactor(LIMITED);
    await using _ = real;
    real.clock.step(STEP_SECONDS);
    for (let tries = 0; tries < 10; tries++) {
      const wrong = { method: 'totp', code: wrongCode() } as const;
      await assert.rejects(real.auth.reauthenticate(principal, wrong), FactorRefused);
    }
    assert.equal((await real.auth.listSessions(principal)).sessions.length, 0);
    assert.equal(await countEvents(real, 'reauthentication_failed'), 10);
    const { challenge: token } = await challenge();
    expectTokens(await answer(token, code()));
  });
});
