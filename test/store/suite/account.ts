import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { RevocationResult } from '../../../src/auth/ports/revocations.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { NO_VERSION_ACCEPTED } from '../../../src/revocation/revocation.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, anyAge, aProof, aSecret, aSession } from '../records.ts';
import { isRecorded, logged, revoking, sessionIds, signUp } from './harness.ts';

const now = 2_000;
const password = { verifiedHash: null, newHash: 'new hash', keep: null, now };

type Act = (
  store: Store,
  args: { userId: string } & ReturnType<typeof revoking>,
) => Promise<RevocationResult>;

const verbs: Record<string, Act> = {
  endAllSessions: (store, args) => store.endAllSessions({ ...args, now }),
  changePassword: (store, args) => store.changePassword({ ...args, ...password }),
  requirePasswordChange: (store, args) => store.requirePasswordChange({ ...args, now }),
  setRoles: (store, args) => store.setRoles({ ...args, roles: ['admin'], now }),
  'setDisabled(true)': (store, args) => store.setDisabled({ ...args, disabled: true, now }),
  'setDisabled(false)': (store, args) => store.setDisabled({ ...args, disabled: false, now }),
  deleteUser: (store, args) => store.deleteUser({ ...args, now }),
};

/** What each does to a user with two sessions: sessions left, version logged, fields changed. */
const effects = {
  endAllSessions: { left: 0, version: 1, fields: {} },
  changePassword: {
    left: 0,
    version: 1,
    fields: { passwordHash: 'new hash', credentialVersion: 1 },
  },
  requirePasswordChange: { left: 0, version: 1, fields: { passwordChangeRequiredAt: now } },
  setRoles: { left: 2, version: 1, fields: { roles: ['admin'] } },
  'setDisabled(true)': { left: 0, version: 1, fields: { disabledAt: now } },
  'setDisabled(false)': { left: 2, version: null, fields: {} },
  deleteUser: { left: 0, version: NO_VERSION_ACCEPTED, fields: null },
} as const;

export function accountTests(given: () => Store): void {
  for (const [name, act] of Object.entries(verbs)) {
    test(`${name} of an unknown user finds nothing and writes nothing`, async () => {
      const store = given();
      const args = { userId: 'nobody', ...revoking() };
      const log = await logged(store, async () => {
        assert.deepEqual(await act(store, args), { found: false, revocations: [] });
      });
      assert.deepEqual(log, []);
      assert.equal(await isRecorded(store, args.event.id), false);
    });
  }

  for (const [name, { left, version, fields }] of Object.entries(effects)) {
    test(`${name} changes, ends, logs and records what its name says, for this user alone`, async () => {
      const store = given();
      const { user, sessions } = await signUp(store, 2);
      const { user: bystander, sessions: theirs } = await signUp(store, 1);
      const args = { userId: user.id, ...revoking() };
      const entry = { kind: 'user', subject: user.id, version, expiresAt: 9_000 };
      const expectedLog = version === null ? [] : [entry];
      const log = await logged(store, async () => {
        const result = await verbs[name]?.(store, args);
        assert.equal(result?.found, true);
        assert.deepEqual(
          result.revocations.map(({ seq: _, ...it }) => it),
          expectedLog,
        );
      });
      assert.deepEqual(log, expectedLog);
      const ids = sessions.map((it) => it.id).slice(0, left);
      assert.deepEqual(await sessionIds(store, user.id), ids);
      const tokenVersion = version ?? 0;
      const changed = { ...user, ...fields, tokenVersion, updatedAt: now };
      const expected = fields === null ? undefined : changed;
      assert.deepEqual(await store.findUser({ id: user.id }), expected);
      assert.ok(await isRecorded(store, args.event.id));
      assert.deepEqual(await store.findUser({ id: bystander.id }), bystander);
      assert.deepEqual(
        await sessionIds(store, bystander.id),
        theirs.map((it) => it.id),
      );
    });
  }

  test('each raise of the token version is logged with its own number', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const log = await logged(store, async () => {
      for (let i = 0; i < 3; i++) {
        await store.endAllSessions({ userId: user.id, now, ...revoking() });
      }
    });
    assert.deepEqual(
      log.map((it) => it.version),
      [1, 2, 3],
    );
    assert.equal((await store.findUser({ id: user.id }))?.tokenVersion, 3);
  });

  test('a password change that keeps one of three sessions writes one entry to the log', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 3);
    const [kept = ''] = sessions.map((it) => it.id);
    const keep = { sessionId: kept, expiresAt: 9_000, ...anyAge };
    const args = { userId: user.id, ...password, keep, ...revoking() };
    const log = await logged(store, async () => {
      assert.equal((await store.changePassword(args)).revocations.length, 1);
    });
    assert.deepEqual(log, [{ kind: 'user', subject: user.id, version: 1, expiresAt: 9_000 }]);
    assert.deepEqual(await sessionIds(store, user.id), [kept]);
    const after = await store.findUser({ id: user.id });
    const changed = {
      passwordHash: 'new hash',
      tokenVersion: 1,
      credentialVersion: 1,
      updatedAt: now,
    };
    assert.deepEqual(after, { ...user, ...changed });
  });

  test('a password is replaced only if it is still the one that was verified', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 1);
    const stale = { userId: user.id, ...password, verifiedHash: 'another hash', ...revoking() };
    assert.deepEqual(await store.changePassword(stale), { found: false, revocations: [] });
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    assert.deepEqual(
      await sessionIds(store, user.id),
      sessions.map((it) => it.id),
    );
    assert.equal(await isRecorded(store, stale.event.id), false);
    const fresh = { ...stale, verifiedHash: user.passwordHash, ...revoking() };
    assert.equal((await store.changePassword(fresh)).found, true);
  });

  test('reauthentication moves one session on, refuses access tokens from before, and ends no session', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 2);
    const [session, other] = sessions;
    assert.ok(session && other);
    const args = {
      userId: user.id,
      sessionId: session.id,
      proof: aProof(user, 'newer hash'),
      amr: ['pwd'],
      now: 5_000,
      expiresAt: 9_000,
      maxAgeMs: 7_000,
    };
    const refused = [
      { userId: 'nobody' },
      { userId: other.id },
      { sessionId: 'nothing' },
      { proof: { ...aProof(user), verifiedHash: 'another hash' } },
      { now: 8_000 },
      { now: 1_000_000, maxAgeMs: 2_000_000 },
    ];
    for (const change of refused) {
      const result = await store.reauthenticate({ ...args, ...change, ...revoking() });
      assert.deepEqual(result, { found: false, revocations: [] }, JSON.stringify(change));
    }
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    const log = await logged(store, async () => {
      const { renewed } = await store.reauthenticate({ ...args, ...revoking() });
      const moved = { generation: 1, rotatedAt: 5_000, expiresAt: 8_000, authTime: 5_000 };
      assert.deepEqual(renewed?.session, { ...session, ...moved, amr: ['pwd'] });
      assert.deepEqual(renewed?.user, { ...user, tokenVersion: 1, passwordHash: 'newer hash' });
      const found = await store.findSession({ sessionId: session.id, now: 5_000 });
      assert.deepEqual(found, { ...renewed, parentGeneration: 0, firstGeneration: 1 });
    });
    assert.deepEqual(log, [{ kind: 'user', subject: user.id, version: 1, expiresAt: 9_000 }]);
    const rotate = { sessionId: session.id, grace: 30_000, now: 5_000, expiresAt: 9_000 };
    const early = { ...rotate, generation: 0, ...anyAge, ...revoking() };
    assert.equal((await store.rotateSession(early)).status, 'gone');
    assert.equal(
      (await store.findSession({ sessionId: other.id, now: 5_000 }))?.session.id,
      other.id,
    );
    for (const act of [
      () => store.requirePasswordChange({ userId: user.id, now, ...revoking() }),
      () => store.setDisabled({ userId: user.id, disabled: true, now, ...revoking() }),
    ]) {
      await act();
      const proof = { ...aProof(user), verifiedHash: 'newer hash' };
      const late = await store.reauthenticate({ ...args, proof, ...revoking() });
      assert.equal(late.found, false);
    }
  });

  test('a user without a password cannot be required to change it', async () => {
    const store = given();
    const { user } = await signUp(store, 1, { passwordHash: null });
    const args = { userId: user.id, now, ...revoking() };
    assert.deepEqual(await store.requirePasswordChange(args), { found: false, revocations: [] });
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    assert.equal(await isRecorded(store, args.event.id), false);
  });

  test('a required change of the password is lifted by the user, and not by an operator', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const require = () =>
      store.requirePasswordChange({ userId: user.id, now: 4_000, ...revoking() });
    const since = async () =>
      (await store.findUser({ id: user.id }))?.passwordChangeRequiredAt ?? null;
    const change = (how: Partial<Parameters<Store['changePassword']>[0]>) =>
      store.changePassword({ userId: user.id, ...password, ...how, ...revoking() });
    await require();
    assert.equal((await change({})).found, true);
    assert.equal(await since(), 4_000);
    assert.equal((await change({ verifiedHash: 'another hash' })).found, false);
    assert.equal(await since(), 4_000);
    assert.equal((await change({ verifiedHash: password.newHash })).found, true);
    assert.equal(await since(), null);
    await require();
    const secret = aSecret({ subject: user.id });
    await store.createOneTimeSecret({ secret, bound: null, now });
    const { id, purpose, subject, mac } = secret;
    assert.equal((await change({ consume: { id, purpose, subject, mac, now } })).found, true);
    assert.equal(await since(), null);
  });

  test('a session starts with the new password and one entry of the log, unless the user is disabled', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 2);
    const start = { session: aSession(user.id), event: anEvent() };
    const args = { userId: user.id, ...password, start };
    const log = await logged(store, async () => {
      const changed = await store.changePassword({ ...args, ...revoking() });
      const expected = {
        passwordHash: 'new hash',
        tokenVersion: 1,
        credentialVersion: 1,
        updatedAt: now,
      };
      assert.deepEqual(changed.user, { ...user, ...expected });
    });
    assert.deepEqual(log, [{ kind: 'user', subject: user.id, version: 1, expiresAt: 9_000 }]);
    const listed = await store.listSessions({ userId: user.id, now, limit: 9 });
    assert.deepEqual(listed, [start.session]);
    assert.ok(await isRecorded(store, start.event.id));
    for (const { id: sessionId } of sessions) {
      assert.equal(await store.findSession({ sessionId, now }), undefined);
    }
    await store.setDisabled({ userId: user.id, disabled: true, now, ...revoking() });
    const again = { ...args, start: { session: aSession(user.id), event: anEvent() } };
    const refused = await store.changePassword({ ...again, ...revoking() });
    assert.deepEqual(refused, { found: false, revocations: [] });
    assert.deepEqual(await sessionIds(store, user.id), []);
  });

  test('disabling twice keeps the time of the first, and enabling lets the user in again', async () => {
    const store = given();
    const { user } = await signUp(store, 1);
    const set = (disabled: boolean, at: number) =>
      store.setDisabled({ userId: user.id, disabled, now: at, ...revoking() });
    await set(true, 2_000);
    await set(true, 3_000);
    assert.equal((await store.findUser({ id: user.id }))?.disabledAt, 2_000);
    await set(false, 4_000);
    const after = await store.findUser({ id: user.id });
    assert.deepEqual(after, { ...user, tokenVersion: 2, updatedAt: 4_000 });
  });

  test("a deleted user's name is free again, and its events stay", async () => {
    const store = given();
    const { user } = await signUp(store, 1);
    const event = { ...revoking().event, subject: aboutUser(user.id) };
    await store.deleteUser({ userId: user.id, now, issuedUntil: 9_000, event });
    assert.deepEqual(await latestEvents(store, user.id, 9), [event]);
    const { id: _, ...names } = user;
    await signUp(store, 0, names);
  });
}
