import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { UserRecord } from '../../../src/auth/model.ts';
import type { OneTimeSecretRecord, SecretUse } from '../../../src/auth/ports/one-time-secrets.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, aProof, aSecret, aSession } from '../records.ts';
import { isRecorded, logged, revoking, sessionIds, signIn, signUp } from './harness.ts';

/**
 * Every way to open a session. PostgreSQL takes one statement for some, and a transaction for those that
 * replace the hash, use a one-time secret or have little room below the bound; the outcome must be the same.
 */
export const openingForms: Record<
  string,
  (
    store: Store,
    user: UserRecord,
  ) => Promise<Pick<Parameters<Store['openSession']>[0], 'proof' | 'bound'>>
> = {
  'without a bound': async (_store, user) => ({ proof: aProof(user) }),
  'far below the bound': async (_store, user) => ({
    proof: aProof(user),
    bound: { maxSessions: 100, ...revoking() },
  }),
  'near the bound': async (_store, user) => ({
    proof: aProof(user),
    bound: { maxSessions: 2, ...revoking() },
  }),
  'with a hash to replace': async (_store, user) => ({ proof: aProof(user, 'a better hash') }),
  'by a one-time secret': async (store, user) => ({
    proof: { kind: 'link', consume: await aLink(store, user.id) },
  }),
};

/** A one-time secret about a subject, and how it is used. */
async function aLink(
  store: Store,
  subject: string,
  fields: Partial<OneTimeSecretRecord> = {},
): Promise<SecretUse> {
  const secret = aSecret({ purpose: 'link', subject, ...fields });
  await store.createOneTimeSecret({ secret, bound: null, now: 1_000 });
  const { id, purpose, mac } = secret;
  return { id, purpose, mac, subject, now: 1_000 };
}

const oneTimeKinds = ['code', 'link', 'passkey', 'recovery', 'identity'] as const;

export function sessionTests(given: () => Store): void {
  test('a session opens for the password hash that was verified', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const session = aSession(user.id);
    const event = anEvent({ subject: aboutUser(user.id) });
    const result = await store.openSession({ session, proof: aProof(user), event });
    assert.deepEqual(result, { status: 'opened', user });
    assert.deepEqual(await store.listSessions({ userId: user.id, now: 0, limit: 1_000 }), [
      session,
    ]);
    assert.ok(await isRecorded(store, event.id));
  });

  test('opening a session can replace an outdated hash', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const session = aSession(user.id);
    const rehash = 'a better hash';
    const proof = aProof(user, rehash);
    const result = await store.openSession({ session, proof, event: anEvent() });
    const expected = { ...user, passwordHash: rehash };
    assert.deepEqual(result, { status: 'opened', user: expected });
    assert.deepEqual(await store.findUser({ id: user.id }), expected);
  });

  const refusals: Record<string, (store: Store, userId: string) => Promise<unknown>> = {
    'the password was changed': (store, userId) =>
      store.changePassword({
        userId,
        verifiedHash: null,
        newHash: 'new',
        keep: null,
        now: 2_000,
        ...revoking(),
      }),
    'a change of the password was required': (store, userId) =>
      store.requirePasswordChange({ userId, now: 2_000, ...revoking() }),
    'the user was disabled': (store, userId) =>
      store.setDisabled({ userId, disabled: true, now: 2_000, ...revoking() }),
    'the user was deleted': (store, userId) =>
      store.deleteUser({ userId, now: 2_000, ...revoking() }),
  };
  for (const [form, options] of Object.entries(openingForms)) {
    test(`a session opens ${form}`, async () => {
      const store = given();
      const { user } = await signUp(store, 0);
      const session = aSession(user.id);
      const event = anEvent();
      const opening = await options(store, user);
      const result = await store.openSession({ session, event, ...opening });
      const { proof } = opening;
      const passwordHash = ('rehash' in proof ? proof.rehash : null) ?? user.passwordHash;
      assert.deepEqual(result, { status: 'opened', user: { ...user, passwordHash } });
      assert.deepEqual(await store.findUser({ id: user.id }), { ...user, passwordHash });
      assert.deepEqual(await sessionIds(store, user.id), [session.id]);
      assert.ok(await isRecorded(store, event.id));
    });
  }

  const refusalsInEachForm = Object.entries(openingForms).flatMap(([form, options]) =>
    Object.entries(refusals).map(([meanwhile, act]) => ({ form, options, meanwhile, act })),
  );
  for (const { form, options, meanwhile, act } of refusalsInEachForm) {
    test(`no session opens ${form} when ${meanwhile} meanwhile`, async () => {
      const store = given();
      const { user } = await signUp(store, 0);
      const opening = await options(store, user);
      await act(store, user.id);
      const before = await store.findUser({ id: user.id });
      const session = aSession(user.id);
      const event = anEvent();
      const log = await logged(store, async () => {
        const result = await store.openSession({ session, event, ...opening });
        assert.deepEqual(result, { status: 'refused' });
      });
      assert.deepEqual(log, []);
      assert.deepEqual(await sessionIds(store, user.id), []);
      assert.deepEqual(await store.findUser({ id: user.id }), before);
      assert.equal(await isRecorded(store, event.id), false);
    });
  }

  for (const kind of oneTimeKinds) {
    test(`a one-time secret for a ${kind} opens one session, however often it is used at the same time`, async () => {
      const store = given();
      const { user } = await signUp(store, 0);
      const consume = await aLink(store, user.id);
      const attempts = Array.from({ length: 50 }, () => {
        const session = aSession(user.id);
        return store.openSession({ session, proof: { kind, consume }, event: anEvent() });
      });
      const statuses = (await Promise.all(attempts)).map(({ status }) => status);
      assert.equal(statuses.filter((it) => it === 'opened').length, 1);
      assert.equal((await sessionIds(store, user.id)).length, 1);
    });
  }

  test('a one-time secret that is not live opens no session', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const live = await aLink(store, user.id);
    const expired = await aLink(store, user.id, { expiresAt: 1_000 });
    for (const consume of [
      expired,
      { ...live, id: 'unknown' },
      { ...live, mac: 'another' },
      { ...live, purpose: 'verify' },
      { ...live, now: 1_000_000 },
    ]) {
      const session = aSession(user.id);
      const args = { session, proof: { kind: 'link', consume } as const, event: anEvent() };
      assert.deepEqual(await store.openSession(args), { status: 'refused' });
    }
    assert.deepEqual(await sessionIds(store, user.id), []);
  });

  test('a one-time secret about one user opens no session of another, and is not used up', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const { user: other } = await signUp(store, 0);
    const open = async (kind: (typeof oneTimeKinds)[number], userId: string, of = user.id) => {
      const session = aSession(userId);
      const consume = await aLink(store, of);
      const args = { session, proof: { kind, consume }, event: anEvent() };
      const { status } = await store.openSession(args);
      const { id, purpose, now } = consume;
      const isLive = (await store.findOneTimeSecret({ id, purpose, now })) !== undefined;
      return [status, isLive ? 'live' : 'used'];
    };
    for (const kind of ['code', 'link', 'recovery'] as const) {
      assert.deepEqual(await open(kind, other.id), ['refused', 'live'], kind);
    }
    // The challenges of these name no user: the owner of the passkey or the identity was checked before.
    assert.deepEqual(await open('passkey', other.id, 'a browser'), ['opened', 'used']);
    assert.deepEqual(await open('identity', other.id, 'a browser'), ['opened', 'used']);
    await store.setDisabled({ userId: user.id, disabled: true, now: 2_000, ...revoking() });
    assert.deepEqual(await open('link', user.id), ['refused', 'live']);
  });

  test('live sessions of one user are listed, the latest first', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    await signUp(store, 2);
    const old = aSession(user.id, { createdAt: 1 });
    const middle = aSession(user.id, { createdAt: 2 });
    const late = aSession(user.id, { createdAt: 3 });
    const expired = aSession(user.id, { createdAt: 4, expiresAt: 5_000 });
    const proof = aProof(user);
    for (const session of [old, late, middle, expired]) {
      await store.openSession({ session, proof, event: anEvent() });
    }
    const list = (now: number) => store.listSessions({ userId: user.id, now, limit: 1_000 });
    assert.deepEqual(await list(5_000), [late, middle, old]);
    assert.deepEqual(await list(4_999), [expired, late, middle, old]);
  });

  test('an ended session is gone, logged and recorded', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 2);
    const [ended, kept] = sessions.map((it) => it.id);
    const sessionId = ended ?? '';
    const args = { sessionId, userId: user.id, ...revoking() };
    const entry = { kind: 'session', subject: sessionId, version: 0, expiresAt: 9_000 };
    const log = await logged(store, async () => {
      const { found, revocations } = await store.endSession(args);
      assert.equal(found, true);
      assert.deepEqual(
        revocations.map(({ seq: _, ...it }) => it),
        [entry],
      );
    });
    assert.deepEqual(log, [entry]);
    assert.deepEqual(await sessionIds(store, user.id), [kept]);
    assert.ok(await isRecorded(store, args.event.id));
  });

  test('the end of a session that is gone is logged and recorded if the caller holds a token of it', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 2);
    const [gone, other] = sessions.map((it) => it.id);
    const sessionId = gone ?? '';
    const end = (evenIfGone: boolean) => {
      const args = { sessionId, userId: user.id, evenIfGone, ...revoking() };
      return store.endSession(args).then((result) => ({ ...result, eventId: args.event.id }));
    };
    for (const [evenIfGone, found] of [
      [true, true],
      [true, true],
      [false, false],
    ] as const) {
      const log = await logged(store, async () => {
        const result = await end(evenIfGone);
        assert.equal(result.found, found);
        assert.equal(result.revocations.length, found ? 1 : 0);
        assert.equal(await isRecorded(store, result.eventId), found);
      });
      const entry = { kind: 'session', subject: sessionId, version: 0, expiresAt: 9_000 };
      assert.deepEqual(log, found ? [entry] : []);
    }
    assert.deepEqual(await sessionIds(store, user.id), [other]);
  });

  test("a user can end neither another user's session nor one that does not exist", async () => {
    const store = given();
    const { user, session } = await signIn(store);
    const { user: stranger } = await signUp(store);
    const attempts = [
      { sessionId: session.id, userId: stranger.id, ...revoking() },
      { sessionId: 'no session', userId: user.id, ...revoking() },
    ];
    for (const args of attempts) {
      const log = await logged(store, async () => {
        assert.deepEqual(await store.endSession(args), { found: false, revocations: [] });
      });
      assert.deepEqual(log, []);
      assert.equal(await isRecorded(store, args.event.id), false);
    }
    assert.deepEqual(await sessionIds(store, user.id), [session.id]);
  });
}
