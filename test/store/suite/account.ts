import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { UserRecord } from '../../../src/auth/model.ts';
import type { RevocationResult } from '../../../src/auth/ports/revocations.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import type { EditedUser } from '../../../src/auth/ports/users.ts';
import { NO_VERSION_ACCEPTED } from '../../../src/revocation/revocation.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, anyAge, aProof, aSecret, aSession, unique } from '../records.ts';
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

  test('a password that expires must be changed, and the next change lifts both', async () => {
    const store = given();
    const { user } = await signUp(store, 1);
    const change = (how: Partial<Parameters<Store['changePassword']>[0]>) =>
      store.changePassword({ userId: user.id, ...password, ...how, ...revoking() });
    const stored = async () => {
      const found = await store.findUser({ id: user.id });
      return [found?.passwordExpiresAt, found?.passwordChangeRequiredAt];
    };
    await change({ expiresAt: 90_000 });
    assert.deepEqual(await stored(), [90_000, now]);
    await change({ verifiedHash: password.newHash });
    assert.deepEqual(await stored(), [null, null]);
  });

  test('a user is updated, unless another has the name', async () => {
    const store = given();
    const { user } = await signUp(store, 0);
    const { user: other } = await signUp(store, 0);
    const update = (changes: EditedUser) =>
      store.updateUser({ userId: user.id, changes, now, ...revoking() });
    const { usernameKey, emailKey } = other;
    assert.equal((await update({ usernameKey })).taken, 'username');
    assert.equal((await update({ emailKey })).taken, 'email');
    assert.deepEqual(await store.findUser({ id: user.id }), user);
    const changes = { name: null, email: null, emailKey: null, profile: { plan: 'free' } };
    const expected = { ...user, ...changes, tokenVersion: 1, updatedAt: now };
    const log = await logged(store, async () => {
      assert.deepEqual((await update(changes)).user, expected);
    });
    assert.deepEqual(log, [{ kind: 'user', subject: user.id, version: 1, expiresAt: 9_000 }]);
    assert.deepEqual(await store.findUser({ id: user.id }), expected);
    // Its own name is not taken by itself.
    assert.equal((await update({ usernameKey: user.usernameKey })).found, true);
  });

  test('what an administrator may do is checked with the act, for each act', async () => {
    const store = given();
    const role = unique('role');
    const [admin, second] = [await signUp(store, 1, { roles: [role] }), await signUp(store, 1)];
    const { user: plain, sessions } = await signUp(store, 1);
    const by = { userId: admin.user.id, sessionId: admin.sessions[0]?.id ?? '', role };
    const acts = {
      endSession: (userId: string, as = by) =>
        store.endSession({ userId, sessionId: sessions[0]?.id ?? '', by: as, ...revoking() }),
      updateUser: (userId: string, as = by) =>
        store.updateUser({ userId, changes: { name: 'X' }, now, by: as, ...revoking() }),
      changePassword: (userId: string, as = by) =>
        store.changePassword({ userId, ...password, by: as, ...revoking() }),
      setRoles: (userId: string, as = by) =>
        store.setRoles({ userId, roles: ['x'], now, by: as, ...revoking() }),
      endAllSessions: (userId: string, as = by) =>
        store.endAllSessions({ userId, now, by: as, ...revoking() }),
      disable: (userId: string, as = by) =>
        store.setDisabled({ userId, disabled: true, now, by: as, ...revoking() }),
      enable: (userId: string, as = by) =>
        store.setDisabled({ userId, disabled: false, now, by: as, ...revoking() }),
      deleteUser: (userId: string, as = by) =>
        store.deleteUser({ userId, now, by: as, ...revoking() }),
    };
    const impostors = [
      { ...by, userId: 'nobody' },
      { ...by, sessionId: 'nothing' },
      { ...by, role: 'another role' },
      { ...by, userId: second.user.id, sessionId: second.sessions[0]?.id ?? '' },
    ];
    const before = await store.findUser({ id: plain.id });
    for (const [name, act] of Object.entries(acts)) {
      for (const impostor of impostors) {
        const result = await act(plain.id, impostor);
        assert.deepEqual(result, { found: false, revocations: [], refused: 'not_administrator' });
      }
      assert.deepEqual(await act('nobody'), { found: false, revocations: [] }, name);
    }
    assert.deepEqual(await store.findUser({ id: plain.id }), before);
    for (const name of ['updateUser', 'changePassword', 'setRoles'] as const) {
      assert.equal((await acts[name](admin.user.id)).refused, 'administrator', name);
    }
    for (const name of ['disable', 'deleteUser'] as const) {
      assert.equal((await acts[name](admin.user.id)).refused, 'last_administrator', name);
    }
    for (const [name, act] of Object.entries(acts)) {
      assert.equal((await act(plain.id)).found, true, name);
    }
    const { user: another } = await signUp(store, 0, { roles: ['x', role] });
    assert.equal(await store.hasAdministrator({ role }), true);
    assert.equal((await acts.disable(another.id)).found, true);
    assert.equal((await acts.deleteUser(admin.user.id)).refused, 'last_administrator');
    assert.equal((await acts.enable(another.id)).found, true);
    assert.equal((await acts.deleteUser(admin.user.id)).found, true);
    await store.setDisabled({ userId: another.id, disabled: true, now, ...revoking() });
    assert.equal(await store.hasAdministrator({ role }), false);
  });

  test('users are listed by role and by state, and searched by the beginning of a name', async () => {
    const store = given();
    const role = unique('role');
    const prefix = unique('prefix-');
    const make = async (fields: Partial<UserRecord>) =>
      (await signUp(store, 0, { usernameKey: unique('u'), emailKey: null, ...fields })).user.id;
    const a = await make({ roles: [role, 'x'], usernameKey: `${prefix}b` });
    const b = await make({ roles: [], emailKey: `${prefix}a@example.com` });
    const c = await make({ roles: [role], usernameKey: `${prefix}é`, disabledAt: 5 });
    const d = await make({ roles: [role], usernameKey: `${prefix}\u{10000}` });
    await make({ usernameKey: `x${prefix}` });
    const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);
    const all = { after: null, limit: 9 };
    assert.deepEqual(ids(await store.listUsers({ ...all, role })), [a, c, d]);
    assert.deepEqual(ids(await store.listUsers({ ...all, after: a, role, limit: 1 })), [c]);
    assert.deepEqual(ids(await store.listUsers({ ...all, before: c, role })), [a]);
    const disabled = await store.listUsers({ after: b, before: d, limit: 9, isDisabled: true });
    assert.deepEqual(ids(disabled), [c]);
    const range = { from: prefix, to: `${prefix}\u{10ffff}` };
    const search = async (after: string, limit: number) =>
      (await store.searchUsers({ ...range, after, limit })).map(({ key, user }) => [key, user.id]);
    const found = [
      [`${prefix}a@example.com`, b],
      [`${prefix}b`, a],
      [`${prefix}é`, c],
      [`${prefix}\u{10000}`, d],
    ];
    assert.deepEqual(await search('', 9), found);
    assert.deepEqual(await search('', 2), found.slice(0, 2));
    assert.deepEqual(await search(`${prefix}b`, 9), found.slice(2));
    await store.setRoles({ userId: a, roles: ['x', 'y'], now, ...revoking() });
    await store.deleteUser({ userId: c, now, ...revoking() });
    assert.deepEqual(ids(await store.listUsers({ ...all, role })), [d]);
    const { users, events } = await store.readStatistics({
      now,
      role,
      eventsAfter: '',
      eventLimit: 100_000,
    });
    assert.equal(users.administrators, 1);
    assert.ok(users.total >= 4 && (events['login_succeeded'] ?? 0) > 0);
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
