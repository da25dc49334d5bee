import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, anyAge, aSession, aUser, unique } from '../records.ts';
import { type OpenDatabase, revoking, sessionIds, signIn } from './harness.ts';

/** Two stores on one database, as two processes would have them; in memory one store twice. */
async function openTwo(open: OpenDatabase, t: { after(work: () => unknown): void }) {
  const { store, another, remove } = await open();
  const second = another ? await another() : store;
  t.after(async () => {
    await second.close();
    await remove();
  });
  return [store, second] as const;
}

export function raceTests(open: OpenDatabase): void {
  for (const field of ['username', 'email'] as const) {
    test(`of many callers that want one ${field} at the same time, exactly one gets it`, async (t) => {
      const stores = await openTwo(open, t);
      const key = unique(field);
      const register = (store: Store) => {
        const user = aUser({ [`${field}Key`]: key });
        return store.createUser({ user, session: aSession(user.id), event: anEvent() });
      };
      const attempts = Array.from({ length: 10 }, () => stores.map(register)).flat();
      const results = await Promise.all(attempts);
      assert.equal(results.filter((it) => it.status === 'created').length, 1);
      const taken = results.filter((it) => it.status === 'taken' && it.field === field);
      assert.equal(taken.length, 19);
    });
  }

  for (const grace of [30_000, 0]) {
    test(`two nodes with a grace of ${grace} ms never rotate a generation twice`, async (t) => {
      const stores = await openTwo(open, t);
      for (let round = 0; round < 15; round++) {
        const { user, session } = await signIn(stores[0]);
        const refresh = (store: Store) =>
          store.rotateSession({
            ...{
              sessionId: session.id,
              generation: 0,
              now: 100_000,
              grace,
              expiresAt: 900_000,
              ...anyAge,
            },
            ...revoking(),
          });
        const attempts = Array.from({ length: 4 }, () => stores.map(refresh)).flat();
        const results = await Promise.all(attempts);
        const statuses = results.map((it) => it.status);
        assert.equal(statuses.filter((it) => it === 'rotated').length, 1);
        if (grace > 0) {
          assert.equal(statuses.filter((it) => it === 'replayed').length, 7);
          assert.deepEqual(await sessionIds(stores[1], user.id), [session.id]);
        } else {
          assert.equal(statuses.filter((it) => it === 'reused').length, 1);
          assert.equal(statuses.filter((it) => it === 'gone').length, 6);
          assert.deepEqual(await sessionIds(stores[1], user.id), []);
        }
      }
    });
  }

  test('one store sees immediately what the other wrote', async (t) => {
    const [first, second] = await openTwo(open, t);
    for (let round = 0; round < 10; round++) {
      const { user } = await signIn(first);
      assert.deepEqual(await second.findUser({ id: user.id }), user);
      await second.setRoles({ userId: user.id, roles: ['x'], now: 1, ...revoking() });
      assert.deepEqual((await first.findUser({ id: user.id }))?.roles, ['x']);
    }
  });
}
