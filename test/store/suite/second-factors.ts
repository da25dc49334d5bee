import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactorUse } from '../../../src/auth/ports/factor-use.ts';
import type {
  AuthenticatorRecord,
  RecoveryCodesRecord,
} from '../../../src/auth/ports/second-factors.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, anyAge, aProof, aSecret, aSession, unique } from '../records.ts';
import { type OpenDatabase, revoking, signIn } from './harness.ts';
import { aMail } from './outbox.ts';

const now = 1_000;

function anAuthenticator(
  userId: string,
  fields: Partial<AuthenticatorRecord> = {},
): AuthenticatorRecord {
  return {
    id: unique('authenticator'),
    userId,
    name: 'Phone',
    sealedSecret: unique('sealed'),
    lastStep: -1,
    createdAt: now,
    confirmedAt: null,
    lastUsedAt: null,
    ...fields,
  };
}

function someCodes(userId: string): RecoveryCodesRecord {
  return { userId, sealedKey: unique('sealed'), macs: ['a', 'b', 'c'], createdAt: now };
}

/** A user with a confirmed authenticator whose last step is 5, and a challenge. */
async function enrol(store: Store) {
  const { user, session } = await signIn(store);
  const userId = user.id;
  const authenticator = anAuthenticator(userId);
  await store.addAuthenticator({ authenticator, limit: 2 });
  const recoveryCodes = someCodes(userId);
  const confirmed = await store.confirmAuthenticator({
    userId,
    authenticatorId: authenticator.id,
    step: 5,
    createdAfter: now - 1,
    recoveryCodes,
    session: { id: session.id, amr: ['pwd', 'otp', 'mfa'] },
    now: now + 1,
    event: anEvent(),
  });
  assert.deepEqual(confirmed, { status: 'confirmed', hasNewCodes: true });
  const challenge = aSecret({ purpose: 'challenge', subject: userId });
  await store.createOneTimeSecret({ secret: challenge, bound: null, now });
  const totp = (step: number): FactorUse => ({
    method: 'totp',
    userId,
    authenticatorId: authenticator.id,
    step,
    now,
  });
  const recovery = (macs: readonly string[], left: readonly string[]): FactorUse => ({
    method: 'recovery_code',
    userId,
    macs,
    left,
    event: anEvent(),
  });
  const open = (factor: FactorUse, secret = challenge) =>
    store.openSession({
      session: aSession(userId),
      proof: { kind: 'second_factor', consume: { ...secret, now }, factor },
      event: anEvent(),
    });
  return { user, userId, session, authenticator, recoveryCodes, challenge, totp, recovery, open };
}

export function secondFactorTests(given: () => Store, open: OpenDatabase): void {
  test('are found as they were stored, and mark the user and the session', async () => {
    const store = given();
    const { userId, session, authenticator, recoveryCodes } = await enrol(store);
    assert.deepEqual(await store.findFactors({ userId }), {
      authenticators: [
        { ...authenticator, lastStep: 5, confirmedAt: now + 1, lastUsedAt: now + 1 },
      ],
      recoveryCodes,
    });
    const user = await store.findUser({ id: userId });
    assert.equal(user?.secondFactorAt, now + 1);
    const live = await store.findSession({ sessionId: session.id, now });
    assert.deepEqual(live?.session, { ...session, amr: ['pwd', 'otp', 'mfa'], mfaTime: now + 1 });
    const unknown = unique('user');
    const stray = anAuthenticator(unknown);
    assert.deepEqual(await store.addAuthenticator({ authenticator: stray, limit: 2 }), {
      status: 'gone',
    });
    assert.deepEqual(await store.findFactors({ userId: unknown }), {
      authenticators: [],
      recoveryCodes: null,
    });
  });

  test('are confirmed once, in time, by their owner, with a step that was not used', async () => {
    const store = given();
    const { userId, recoveryCodes } = await enrol(store);
    const [first, second] = [anAuthenticator(userId), anAuthenticator(userId, { lastStep: 7 })];
    for (const authenticator of [first, second]) {
      assert.deepEqual(await store.addAuthenticator({ authenticator, limit: 2 }), {
        status: 'added',
      });
    }
    const args = {
      userId,
      authenticatorId: second.id,
      step: 8,
      createdAfter: now - 1,
      recoveryCodes: someCodes(userId),
      session: null,
      now,
      event: anEvent(),
    };
    const gone = { status: 'gone' } as const;
    const { userId: another } = await enrol(store);
    for (const other of [
      { authenticatorId: first.id },
      { userId: another },
      { createdAfter: now },
      { step: 7 },
    ]) {
      assert.deepEqual(await store.confirmAuthenticator({ ...args, ...other }), gone);
    }
    assert.deepEqual(await store.confirmAuthenticator(args), {
      status: 'confirmed',
      hasNewCodes: false,
    });
    assert.deepEqual(await store.confirmAuthenticator({ ...args, step: 9 }), gone);
    assert.deepEqual((await store.findFactors({ userId })).recoveryCodes, recoveryCodes);
    const third = anAuthenticator(userId);
    assert.deepEqual(await store.addAuthenticator({ authenticator: third, limit: 2 }), {
      status: 'full',
    });
  });

  test('go with a reset that proves the address for the first time, and stay with the next', async () => {
    const store = given();
    const { userId } = await enrol(store);
    const emailKey = String((await store.findUser({ id: userId }))?.emailKey);
    const reset = async () => {
      const secret = aSecret({ purpose: 'reset', subject: userId });
      await store.createOneTimeSecret({ secret, bound: null, now });
      const { id, purpose, subject, mac } = secret;
      const changed = await store.changePassword({
        userId,
        verifiedHash: null,
        newHash: unique('hash'),
        keep: null,
        consume: { id, purpose, subject, mac, now },
        proven: { emailKey, notice: aMail({ recipient: emailKey, secretId: null }) },
        now,
        issuedUntil: now,
        event: anEvent(),
      });
      assert.equal(changed.found, true);
      return store.findFactors({ userId });
    };
    assert.deepEqual(await reset(), { authenticators: [], recoveryCodes: null });
    assert.equal((await store.findUser({ id: userId }))?.secondFactorAt, null);

    const authenticator = anAuthenticator(userId);
    await store.addAuthenticator({ authenticator, limit: 2 });
    await store.confirmAuthenticator({
      userId,
      authenticatorId: authenticator.id,
      step: 5,
      createdAfter: now - 1,
      recoveryCodes: someCodes(userId),
      session: null,
      now,
      event: anEvent(),
    });
    assert.equal((await reset()).authenticators.length, 1);
  });

  test('are used up with the challenge, both or neither', async () => {
    const store = given();
    const { userId, challenge, totp, recovery, open: openBy } = await enrol(store);
    const refused = { status: 'refused' };
    assert.deepEqual(await openBy(totp(5)), refused, 'the step that confirmed it');
    assert.deepEqual(await openBy({ ...totp(6), userId: unique('user') }), refused);
    assert.deepEqual(await openBy(recovery(['a', 'b'], ['a'])), refused);
    const ended = aSecret({ purpose: 'challenge', subject: userId });
    assert.deepEqual(await openBy(totp(6), ended), refused);
    assert.equal((await openBy(totp(6))).status, 'opened');
    assert.deepEqual(await openBy(totp(7)), refused, 'the challenge was used');
    const next = { ...challenge, id: unique('secret') };
    await store.createOneTimeSecret({ secret: next, bound: null, now });
    assert.equal((await openBy(totp(7), next)).status, 'opened', 'and the step was not');
    const last = { ...challenge, id: unique('secret') };
    await store.createOneTimeSecret({ secret: last, bound: null, now });
    assert.equal((await openBy(recovery(['a', 'b', 'c'], ['a', 'c']), last)).status, 'opened');
    const { recoveryCodes } = await store.findFactors({ userId });
    assert.deepEqual(recoveryCodes?.macs, ['a', 'c']);
  });

  test('of many parallel uses succeed once', async () => {
    const store = given();
    const { userId, challenge, totp, open: openBy } = await enrol(store);
    const secrets = Array.from({ length: 10 }, () => ({ ...challenge, id: unique('secret') }));
    for (const secret of secrets) {
      await store.createOneTimeSecret({ secret, bound: null, now });
    }
    const opened = await Promise.all(secrets.map((secret) => openBy(totp(9), secret)));
    assert.equal(opened.filter(({ status }) => status === 'opened').length, 1);
    const sessions = await store.listSessions({ userId, now, limit: 99 });
    assert.equal(sessions.length, 2);
    const left = await Promise.all(
      secrets.map(({ id, purpose }) => store.findOneTimeSecret({ id, purpose, now })),
    );
    assert.equal(left.filter((it) => it !== undefined).length, 9);
  });

  test('let no session start without them', async () => {
    const store = given();
    const { user, userId } = await enrol(store);
    const session = aSession(userId, { mfaTime: null, amr: ['pwd'] });
    const bound = { maxSessions: 100, issuedUntil: 2_000, event: anEvent() };
    for (const more of [{}, { bound }]) {
      const opened = await store.openSession({
        session,
        proof: aProof(user),
        event: anEvent(),
        ...more,
      });
      assert.deepEqual(opened, { status: 'refused' });
    }
    const secret = aSecret({ purpose: 'password-change', subject: userId });
    await store.createOneTimeSecret({ secret, bound: null, now });
    const changed = await store.changePassword({
      userId,
      verifiedHash: null,
      newHash: 'another',
      keep: null,
      consume: { ...secret, now },
      start: { session, event: anEvent() },
      now,
      ...revoking(),
    });
    assert.equal(changed.found, false);
  });

  test('reauthenticate, and lead to the next challenge', async () => {
    const store = given();
    const { userId, session, challenge, totp } = await enrol(store);
    const args = {
      sessionId: session.id,
      userId,
      amr: ['pwd', 'otp', 'mfa'],
      now: now + 50,
      expiresAt: 2_000_000,
      ...anyAge,
      ...revoking(),
    };
    const by = (factor: FactorUse) =>
      store.reauthenticate({ ...args, proof: { kind: 'second_factor', factor } });
    assert.equal((await by(totp(5))).found, false);
    const { renewed } = await by(totp(6));
    assert.deepEqual([renewed?.session.mfaTime, renewed?.session.authTime], [args.now, args.now]);
    const { session: stored } = (await store.findSession({ sessionId: session.id, now })) ?? {};
    assert.deepEqual(stored, renewed?.session);

    const secret = aSecret({ purpose: 'password-change', subject: userId });
    const answer = (step: number) => ({
      secret,
      bound: null,
      answer: { consume: { ...challenge, now }, factor: totp(step) },
      now,
    });
    assert.deepEqual(await store.createOneTimeSecret(answer(6)), { status: 'refused' });
    assert.equal(await store.findOneTimeSecret({ ...secret, now }), undefined);
    assert.deepEqual(await store.createOneTimeSecret(answer(7)), { status: 'created' });
    assert.deepEqual(await store.createOneTimeSecret(answer(8)), { status: 'refused' });
  });

  test('go one by one; with the last one go the recovery codes', async () => {
    const store = given();
    const { userId, authenticator } = await enrol(store);
    const remove = (authenticatorId: string, of = userId) =>
      store.removeAuthenticator({ userId: of, authenticatorId, event: anEvent() });
    assert.deepEqual(await remove(authenticator.id, unique('user')), { found: false });
    const unconfirmed = anAuthenticator(userId);
    await store.addAuthenticator({ authenticator: unconfirmed, limit: 2 });
    assert.deepEqual(await remove(unconfirmed.id), { found: true });
    const codes = { ...someCodes(userId), macs: ['x'] };
    const replace = () => store.replaceRecoveryCodes({ recoveryCodes: codes, event: anEvent() });
    assert.deepEqual(await replace(), { found: true });
    assert.deepEqual((await store.findFactors({ userId })).recoveryCodes, codes);
    assert.deepEqual(await remove(authenticator.id), { found: true });
    assert.deepEqual(await store.findFactors({ userId }), {
      authenticators: [],
      recoveryCodes: null,
    });
    assert.equal((await store.findUser({ id: userId }))?.secondFactorAt, null);
    assert.deepEqual(await replace(), { found: false });
    // A user who is deleted takes all of it along.
    const other = await enrol(store);
    await store.deleteUser({ userId: other.userId, now, ...revoking() });
    assert.deepEqual(await store.findFactors({ userId: other.userId }), {
      authenticators: [],
      recoveryCodes: null,
    });
  });

  test('are tried as often as a challenge admits, also in parallel', async () => {
    const store = given();
    const { challenge } = await enrol(store);
    const attempt = () => store.tryChallenge({ ...challenge, now, maxAttempts: 5 });
    const tried = await Promise.all(Array.from({ length: 20 }, attempt));
    assert.equal(tried.filter(({ admitted }) => admitted).length, 5);
    const late = { ...challenge, now: 1_000_000, maxAttempts: 99 };
    assert.deepEqual(await store.tryChallenge(late), { admitted: false });
  });

  test('withdraw a password, and replace an outdated hash', async () => {
    const store = given();
    const { user, userId, challenge } = await enrol(store);
    const verifiedHash = user.passwordHash ?? '';
    await store.replaceHash({ userId, verifiedHash: 'another', rehash: 'new' });
    assert.equal((await store.findUser({ id: userId }))?.passwordHash, verifiedHash);
    await store.replaceHash({ userId, verifiedHash, rehash: 'new' });
    assert.equal((await store.findUser({ id: userId }))?.passwordHash, 'new');
    const withdraw = () => store.withdrawPassword({ userId, now, event: anEvent() });
    assert.deepEqual(await withdraw(), { found: true });
    assert.equal((await store.findUser({ id: userId }))?.passwordHash, null);
    assert.equal(await store.findOneTimeSecret({ ...challenge, now }), undefined);
    assert.deepEqual(await withdraw(), { found: false });
  });

  test('are listed and sealed again with the keys', async (t) => {
    const database = await open();
    t.after(() => database.remove());
    const { store } = database;
    const users = [await enrol(store), await enrol(store), await enrol(store)];
    for (const table of ['authenticators', 'recovery_codes'] as const) {
      const first = await store.listSealed({ table, after: null, limit: 2 });
      const rest = await store.listSealed({ table, after: first[1]?.id ?? null, limit: 2 });
      const sealed = [...first, ...rest].map((it) => [it.userId, it.sealed]).sort();
      const expected = users.map(({ userId, authenticator, recoveryCodes }) => [
        userId,
        table === 'authenticators' ? authenticator.sealedSecret : recoveryCodes.sealedKey,
      ]);
      assert.deepEqual(sealed, expected.sort());
    }
    const [{ userId, authenticator, recoveryCodes }] = users as [Awaited<ReturnType<typeof enrol>>];
    const { version } = await store.readKeys();
    const changed = await store.changeKeys({
      version,
      resealed: [
        {
          table: 'authenticators',
          id: authenticator.id,
          from: authenticator.sealedSecret,
          to: 'new secret',
        },
        { table: 'recovery_codes', id: userId, from: 'another', to: 'lost' },
      ],
    });
    assert.equal(changed.status, 'changed');
    const found = await store.findFactors({ userId });
    assert.equal(found.authenticators[0]?.sealedSecret, 'new secret');
    assert.equal(found.recoveryCodes?.sealedKey, recoveryCodes.sealedKey, 'it had changed');
  });
}
