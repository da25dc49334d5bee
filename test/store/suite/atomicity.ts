import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AuditEvent, aboutUser } from '../../../src/auth/audit/event.ts';
import type { Session, UserRecord } from '../../../src/auth/model.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, anyAge, aProof, aSession, aUser, unique } from '../records.ts';
import { newestSeq, signUp } from './harness.ts';

interface Case {
  readonly user: UserRecord;
  readonly session: Session;
  /** Its id is in use, so the last statement of the verb fails. */
  readonly event: AuditEvent;
}

const now = 2_000;
const issuedUntil = 9_000;
const verbs: Record<string, (store: Store, given: Case) => Promise<unknown>> = {
  createUser: (store, { event }) => {
    const user = aUser();
    return store.createUser({ user, session: aSession(user.id), event });
  },
  openSession: (store, { user, event }) => {
    return store.openSession({ session: aSession(user.id), proof: aProof(user, 'x'), event });
  },
  'rotateSession (reused)': (store, { session, event }) =>
    store.rotateSession({
      sessionId: session.id,
      generation: 7,
      now,
      grace: 0,
      expiresAt: 0,
      ...anyAge,
      issuedUntil,
      event,
    }),
  endSession: (store, { user, session, event }) =>
    store.endSession({ sessionId: session.id, userId: user.id, issuedUntil, event }),
  endAllSessions: (store, { user, event }) =>
    store.endAllSessions({ userId: user.id, now, issuedUntil, event }),
  changePassword: (store, { user, event }) => {
    const change = { verifiedHash: null, newHash: 'x', keep: null };
    return store.changePassword({ userId: user.id, ...change, now, issuedUntil, event });
  },
  requirePasswordChange: (store, { user, event }) =>
    store.requirePasswordChange({ userId: user.id, now, issuedUntil, event }),
  setRoles: (store, { user, event }) =>
    store.setRoles({ userId: user.id, roles: ['admin'], now, issuedUntil, event }),
  setDisabled: (store, { user, event }) =>
    store.setDisabled({ userId: user.id, disabled: true, now, issuedUntil, event }),
  deleteUser: (store, { user, event }) =>
    store.deleteUser({ userId: user.id, now, issuedUntil, event }),
  revokeToken: (store, { event }) => store.revokeToken({ jti: unique('jti'), issuedUntil, event }),
};

async function snapshot(store: Store, userId: string): Promise<unknown> {
  return {
    user: await store.findUser({ id: userId }),
    users: await store.listUsers({ after: null, limit: 10_000 }),
    sessions: await store.listSessions({ userId, now: 0, limit: 1_000 }),
    seq: await newestSeq(store),
  };
}

export function atomicityTests(given: () => Store, inOrder: boolean): void {
  for (const [name, act] of Object.entries(verbs)) {
    test(`${name} that fails at its end has no effect, and its neighbours keep theirs`, async () => {
      const store = given();
      const { user, sessions } = await signUp(store, 1);
      const [session] = sessions;
      assert.ok(session);
      const event = anEvent({ subject: aboutUser(user.id) });
      await store.recordEvent(event);
      const before = await snapshot(store, user.id);

      const [left, right] = [anEvent({ subject: aboutUser(unique('user')) }), anEvent()];
      const results = await Promise.allSettled([
        store.recordEvent(left),
        act(store, { user, session, event }),
        store.recordEvent(right),
      ]);
      assert.deepEqual(
        results.map((it) => it.status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      assert.deepEqual(await snapshot(store, user.id), before);
      const events = await latestEvents(store, null, 2);
      assert.deepEqual(events, [right, left]);
    });
  }

  test('a user whose first session cannot be stored is not stored either', async () => {
    const store = given();
    const user = aUser();
    const session = aSession('nobody');
    await assert.rejects(store.createUser({ user, session, event: anEvent() }));
    assert.equal(await store.findUser({ id: user.id }), undefined);
  });

  test('a value that the database cannot store fails its own call alone', async () => {
    const store = given();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const event = anEvent();
    const args = { user: aUser({ profile: circular }), session: null, event: anEvent() };
    const results = await Promise.allSettled([store.createUser(args), store.recordEvent(event)]);
    assert.deepEqual(
      results.map((it) => it.status),
      ['rejected', 'fulfilled'],
    );
  });

  test('a read sees the writes that were asked for before it', { skip: !inOrder }, async () => {
    const store = given();
    const user = aUser();
    const [, found] = await Promise.all([
      store.createUser({ user, session: null, event: anEvent() }),
      store.findUser({ id: user.id }),
    ]);
    assert.deepEqual(found, user);
  });
}
