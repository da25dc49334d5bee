import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutUser } from '../../../src/auth/audit/event.ts';
import type { Session, UserRecord } from '../../../src/auth/model.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { latestEvents } from '../../support/events.ts';
import { anEvent, anyAge, aProof, aSession } from '../records.ts';
import { logged, newestSeq, revoking, sessionIds, signUp } from './harness.ts';

const now = 2_000;

/** Stores a user with many sessions, without a bound, the first ones used last. */
async function signUpWith(
  store: Store,
  count: number,
): Promise<{ user: UserRecord; sessions: Session[] }> {
  const { user } = await signUp(store, 0);
  const sessions = Array.from({ length: count }, (_, at) =>
    aSession(user.id, { rotatedAt: 1_000 + count - at }),
  );
  const opened = sessions.map((session) => open(store, user, session));
  for (const { status } of await Promise.all(opened)) assert.equal(status, 'opened');
  return { user, sessions };
}

function open(store: Store, user: UserRecord, session: Session, maxSessions?: number) {
  const args = { session, proof: aProof(user), event: anEvent() };
  if (maxSessions === undefined) return store.openSession(args);
  const bound = {
    maxSessions,
    ...revoking({ type: 'session_ended', subject: aboutUser(user.id) }),
  };
  return store.openSession({ ...args, bound });
}

function refresh(store: Store, sessionId: string, generation = 0) {
  const args = { sessionId, generation, now: 500_000, grace: 0, expiresAt: 900_000, ...anyAge };
  return store.rotateSession({ ...args, ...revoking() });
}

async function cleanUp(store: Store, userId: string, maxSessions: number, limit: number) {
  const about = { type: 'session_ended', subject: aboutUser(userId) } as const;
  const events = Array.from({ length: limit }, () => anEvent(about));
  return store.cleanUpSessions({ userId, maxSessions, issuedUntil: 9_000, events });
}

/** Whether the background job would find this user among those that are waiting for it. */
async function isFlagged(store: Store, userId: string): Promise<boolean> {
  const found = await store.findSessionCleanup();
  assert.ok(found === undefined || found === userId, 'another test left a user behind');
  return found === userId;
}

export function sessionBoundTests(given: () => Store): void {
  const ends: Record<string, (store: Store, userId: string, keptId: string) => Promise<unknown>> = {
    endAllSessions: (store, userId) => store.endAllSessions({ userId, now, ...revoking() }),
    'setDisabled(true)': (store, userId) =>
      store.setDisabled({ userId, disabled: true, now, ...revoking() }),
    'changePassword of an operator': (store, userId) =>
      store.changePassword({
        ...{ userId, verifiedHash: null, newHash: 'x', keep: null, now },
        ...revoking(),
      }),
    'changePassword of a person': (store, userId, sessionId) =>
      store.changePassword({
        ...{ userId, verifiedHash: null, newHash: 'x', now },
        keep: { sessionId, expiresAt: 800_000, ...anyAge },
        ...revoking(),
      }),
  };
  for (const [name, act] of Object.entries(ends)) {
    test(`${name} ends 250 sessions by one entry, and rows that are left cannot be used`, async () => {
      const store = given();
      const { user, sessions } = await signUpWith(store, 250);
      const ids = sessions.map(({ id }) => id);
      const [kept = '', ...others] = ids;
      const isKept = name === 'changePassword of a person';
      const log = await logged(store, () => act(store, user.id, kept));
      assert.deepEqual(
        log.map(({ kind, subject, version }) => [kind, subject, version]),
        [['user', user.id, 1]],
      );
      // Enabled or not, nothing comes back.
      await store.setDisabled({ userId: user.id, disabled: false, now, ...revoking() });
      assert.deepEqual(await sessionIds(store, user.id), isKept ? [kept] : []);
      const found = await Promise.all(
        others.map((sessionId) => store.findSession({ sessionId, now })),
      );
      assert.ok(found.every((it) => it === undefined));
      // In one turn, so that PostgreSQL gathers them as well.
      const refreshed = await Promise.all(others.map((id) => refresh(store, id)));
      assert.ok(refreshed.every(({ status }) => status === 'gone'));

      const rounds: boolean[] = [];
      while (await isFlagged(store, user.id)) {
        rounds.push((await cleanUp(store, user.id, 100, 60)).isDone);
      }
      assert.deepEqual(rounds, [false, false, true]);
      assert.deepEqual(await sessionIds(store, user.id), isKept ? [kept] : []);
    });
  }

  test('the session that a password change keeps has a new generation, and its old tokens are void', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 2);
    const [kept] = sessions;
    assert.ok(kept);
    const keep = { sessionId: kept.id, expiresAt: 800_000, ...anyAge };
    const change = { userId: user.id, verifiedHash: null, newHash: 'x', keep, now };
    const changed = await store.changePassword({ ...change, ...revoking() });
    const session = { ...kept, generation: 1, rotatedAt: now, expiresAt: 800_000 };
    assert.deepEqual(changed.kept, {
      session,
      user: { ...user, passwordHash: 'x', tokenVersion: 1, credentialVersion: 1, updatedAt: now },
    });
    const present = (generation: number, at: number) =>
      store.rotateSession({
        ...{
          sessionId: kept.id,
          generation,
          now: at,
          grace: 30_000,
          expiresAt: 900_000,
          ...anyAge,
        },
        ...revoking(),
      });
    for (const at of [now, now + 29_999, now + 30_000, now + 100_000]) {
      const log = await logged(store, async () => {
        assert.deepEqual(await present(0, at), { status: 'gone' });
      });
      assert.deepEqual(log, [], 'a token from before says nothing of the present one');
    }
    assert.deepEqual((await present(1, now)).status, 'current');
    const next = await present(1, now + 30_000);
    assert.equal(next.status, 'rotated');
    assert.equal((await present(1, now + 30_000)).status, 'replayed');
    assert.deepEqual(await present(0, now + 30_000), { status: 'gone' });
  });

  test('a password change finds nothing if the session to keep does not live', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 1);
    const { sessions: theirs } = await signUp(store, 1);
    const before = await store.findUser({ id: user.id });
    const [own, foreign] = [sessions[0]?.id ?? '', theirs[0]?.id ?? ''];
    const cases: [string, number][] = [
      ['no session', now],
      [foreign, now],
      [own, 1_000_000],
    ];
    for (const [sessionId, at] of cases) {
      const keep = { sessionId, expiresAt: 9, ...anyAge };
      const change = { userId: user.id, verifiedHash: null, newHash: 'x', keep, now: at };
      const changed = await store.changePassword({ ...change, ...revoking() });
      assert.deepEqual(changed, { found: false, revocations: [] });
    }
    assert.deepEqual(await store.findUser({ id: user.id }), before);
    assert.deepEqual(await sessionIds(store, user.id), [own]);
  });

  test('a password change keeps a session no longer than its maximum age', async () => {
    const store = given();
    const startedAt = 1_000;
    for (const [maxAgeMs, expiresAt] of [
      [now - startedAt, undefined],
      [now - startedAt + 1, now + 1],
      [798_999, 799_999],
      [799_001, 800_000],
    ] as const) {
      const { user, sessions } = await signUp(store, 1);
      const [{ id: sessionId } = { id: '' }] = sessions;
      const keep = { sessionId, expiresAt: 800_000, maxAgeMs };
      const change = { userId: user.id, verifiedHash: null, newHash: 'x', keep, now };
      const changed = await store.changePassword({ ...change, ...revoking() });
      assert.equal(changed.kept?.session.expiresAt, expiresAt);
      assert.equal(changed.found, expiresAt !== undefined);
      const hash = (await store.findUser({ id: user.id }))?.passwordHash;
      assert.equal(hash, changed.found ? 'x' : user.passwordHash);
    }
  });

  for (const maxSessions of [1, 3, 40]) {
    test(`with a bound of ${maxSessions} the least recently used session ends when one more starts`, async () => {
      const store = given();
      const { user, sessions } = await signUpWith(store, maxSessions);
      const last = sessions.at(-1);
      assert.ok(last);
      // Even one whose clock is behind is never the one that ends.
      const late = aSession(user.id, { rotatedAt: 1 });
      const after = await newestSeq(store);
      const opened = await open(store, user, late, maxSessions);
      assert.ok(opened.status === 'opened');
      const { revocations } = await store.listRevocations({ after, now: 0 });
      assert.deepEqual(opened.revocations, revocations);
      assert.deepEqual(
        revocations.map(({ kind, subject }) => [kind, subject]),
        [['session', last.id]],
      );
      const [event] = await latestEvents(store, user.id, 1);
      assert.deepEqual([event?.type, event?.sessionId], ['session_ended', last.id]);
      const left = [...sessions.slice(0, -1), late].map(({ id }) => id);
      assert.deepEqual(await sessionIds(store, user.id), left);
      assert.equal(await isFlagged(store, user.id), false);
    });
  }

  test('a sign-in below the bound ends nothing', async () => {
    const store = given();
    for (const [count, maxSessions] of [
      [0, 1],
      [2, 3],
      [2, 100],
      [60, 100],
      [80, 100],
    ] as const) {
      const { user } = await signUpWith(store, count);
      const log = await logged(store, async () => {
        const opened = await open(store, user, aSession(user.id), maxSessions);
        assert.equal(opened.status, 'opened');
        assert.ok(opened.status === 'opened' && opened.revocations === undefined);
      });
      assert.deepEqual(log, []);
      assert.equal((await sessionIds(store, user.id)).length, count + 1);
    }
  });

  test('with far more sessions than the bound, a sign-in ends one, and the background job ends the least recently used', async () => {
    const store = given();
    const { user, sessions } = await signUpWith(store, 30);
    const fresh = aSession(user.id, { rotatedAt: 400_000 });
    const opened = await open(store, user, fresh, 5);
    assert.equal(opened.status === 'opened' && opened.revocations?.length, 1);
    assert.equal((await sessionIds(store, user.id)).length, 30);
    let ended = 0;
    for (let rounds = 0; await isFlagged(store, user.id); rounds++) {
      assert.ok(rounds < 20);
      const { revocations } = await cleanUp(store, user.id, 5, 4);
      assert.ok(revocations.length <= 4);
      ended += revocations.length;
    }
    assert.equal(ended, 25);
    // Those used last are the ones that signUpWith made first.
    const left = [...sessions.slice(0, 4), fresh].map(({ id }) => id).sort();
    assert.deepEqual(await sessionIds(store, user.id), left);
    const events = await latestEvents(store, user.id, 99);
    const told = events.filter(({ type }) => type === 'session_ended').map((it) => it.sessionId);
    assert.deepEqual(
      told.sort(),
      sessions
        .slice(4)
        .map(({ id }) => id)
        .sort(),
    );
  });

  for (const [maxSessions, attempts] of [
    [5, 40],
    [40, 60],
  ] as const) {
    test(`${attempts} sign-ins at the same moment do not pass a bound of ${maxSessions}`, async () => {
      const store = given();
      const { user } = await signUp(store, 0);
      const opened = await Promise.all(
        Array.from({ length: attempts }, () => open(store, user, aSession(user.id), maxSessions)),
      );
      assert.ok(opened.every(({ status }) => status === 'opened'));
      const left = await sessionIds(store, user.id);
      assert.equal(left.length, maxSessions);
      while (await isFlagged(store, user.id)) await cleanUp(store, user.id, maxSessions, 50);
    });
  }

  test('a user with 450 sessions is deleted in steps, and none of the sessions lives after the first', async () => {
    const store = given();
    const { user, sessions } = await signUpWith(store, 450);
    const args = { userId: user.id, now, ...revoking() };
    const steps: (boolean | undefined)[] = [];
    const log = await logged(store, async () => {
      for (let isPartial: boolean | undefined = true; isPartial; ) {
        const result = await store.deleteUser(args);
        assert.equal(result.found, true);
        isPartial = result.isPartial;
        steps.push(isPartial);
        assert.deepEqual(await sessionIds(store, user.id), []);
        assert.equal((await refresh(store, sessions.at(-1)?.id ?? '')).status, 'gone');
        assert.equal((await open(store, user, aSession(user.id))).status, 'refused');
      }
    });
    assert.deepEqual(steps, [true, true, undefined]);
    assert.equal(log.length, 2);
    assert.equal(await store.findUser({ id: user.id }), undefined);
    assert.equal((await store.deleteUser({ ...args, ...revoking() })).found, false);
  });

  test('pages of sessions follow one another, whatever ends or starts between them', async () => {
    const store = given();
    const { user, sessions } = await signUpWith(store, 7);
    const page = (before: string | null) =>
      store.listSessions({ userId: user.id, now, before, limit: 3 });
    const newestFirst = sessions.toReversed();
    const first = await page(null);
    assert.deepEqual(first, newestFirst.slice(0, 3));
    const cursor = first.at(-1)?.id ?? '';
    await store.endSession({ sessionId: cursor, userId: user.id, ...revoking() });
    await open(store, user, aSession(user.id));
    const second = await page(cursor);
    assert.deepEqual(second, newestFirst.slice(3, 6));
    assert.deepEqual(await page(second.at(-1)?.id ?? ''), newestFirst.slice(6));
  });

  test('a session is found by its id while it lives, with its user', async () => {
    const store = given();
    const { user, sessions } = await signUp(store, 1);
    const [session] = sessions;
    assert.ok(session);
    const find = (at: number) => store.findSession({ sessionId: session.id, now: at });
    const live = { session, user, parentGeneration: -1, firstGeneration: 0 };
    assert.deepEqual(await find(now), live);
    assert.deepEqual(await find(999_999), live);
    assert.equal(await find(1_000_000), undefined);
    assert.equal(await store.findSession({ sessionId: 'no session', now }), undefined);
    await store.endSession({ sessionId: session.id, userId: user.id, ...revoking() });
    assert.equal(await find(now), undefined);
  });
}
