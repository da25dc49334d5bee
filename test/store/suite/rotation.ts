import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../../src/auth/model.ts';
import type { RotateResult } from '../../../src/auth/ports/sessions.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anyAge } from '../records.ts';
import { isRecorded, logged, revoking, sessionIds, signIn } from './harness.ts';

const rotatedAt = 50_000;
const grace = 30_000;

/** A session at generation 3, rotated at 50,000. */
async function generationThree(store: Store): Promise<Session> {
  const { session } = await signIn(store);
  for (let generation = 0; generation < 3; generation++) {
    const result = await rotate(store, session.id, generation, rotatedAt, 0);
    assert.equal(result.status, 'rotated');
  }
  return { ...session, generation: 3, rotatedAt, expiresAt: rotatedAt + 100_000 };
}

function rotate(
  store: Store,
  sessionId: string,
  generation: number,
  now: number,
  graceOfCall = grace,
): Promise<RotateResult> {
  const args = {
    sessionId,
    generation,
    now,
    grace: graceOfCall,
    expiresAt: now + 100_000,
    ...anyAge,
  };
  return store.rotateSession({ ...args, ...revoking() });
}

/** presented generation, ms since the rotation, grace, outcome */
const table: readonly (readonly [number, number, number, RotateResult['status']])[] = [
  [3, grace, grace, 'rotated'],
  [3, grace + 1, grace, 'rotated'],
  [3, grace - 1, grace, 'current'],
  [3, 0, grace, 'current'],
  [3, -(grace - 1), grace, 'current'],
  [3, -grace, grace, 'rotated'],
  [3, 0, 0, 'rotated'],
  [3, -1, 0, 'rotated'],
  [2, 0, grace, 'replayed'],
  [2, grace - 1, grace, 'replayed'],
  [2, -(grace - 1), grace, 'replayed'],
  [2, grace, grace, 'rotated'],
  [2, -grace, grace, 'rotated'],
  [2, grace, 0, 'reused'],
  [2, 0, 0, 'reused'],
  [1, 0, grace, 'reused'],
  [0, grace, grace, 'reused'],
  [-1, 0, grace, 'gone'],
  [4, 0, grace, 'reused'],
  [4, grace, grace, 'reused'],
  [3, 100_000, grace, 'gone'],
  [2, 100_000, grace, 'gone'],
  [1, 100_001, grace, 'gone'],
];

export function rotationTests(given: () => Store): void {
  for (const [generation, age, graceOfCall, expected] of table) {
    const when = `generation ${generation} of 3 at ${age} ms with a grace of ${graceOfCall} ms`;
    test(`${when}: ${expected}`, async () => {
      const store = given();
      const session = await generationThree(store);
      const now = rotatedAt + age;
      let result: RotateResult | undefined;
      const log = await logged(store, async () => {
        result = await rotate(store, session.id, generation, now, graceOfCall);
      });
      assert.equal(result?.status, expected);
      if (result.status === 'gone') {
        assert.deepEqual(log, []);
        return;
      }
      if (result.status === 'reused') {
        const entry = { kind: 'session', subject: session.id, version: 0, expiresAt: 9_000 };
        assert.deepEqual(log, [entry]);
        assert.deepEqual(
          result.revocations?.map(({ seq: _, ...it }) => it),
          [entry],
        );
        assert.deepEqual(await sessionIds(store, session.userId), []);
        return;
      }
      const advanced = { generation: 4, rotatedAt: now, expiresAt: now + 100_000 };
      const after = expected === 'rotated' ? { ...session, ...advanced } : session;
      assert.deepEqual(result.session, after);
      assert.deepEqual(result.user, await store.findUser({ id: session.userId }));
      assert.deepEqual(await store.listSessions({ userId: session.userId, now: 0, limit: 1_000 }), [
        after,
      ]);
      assert.deepEqual(log, []);
    });
  }

  test('an unknown session is gone', async () => {
    assert.deepEqual(await rotate(given(), 'no session', 0, 0), { status: 'gone' });
  });

  test('reuse is recorded, and the session is gone for its honest owner too', async () => {
    const store = given();
    const session = await generationThree(store);
    const args = {
      sessionId: session.id,
      generation: 0,
      now: rotatedAt,
      grace,
      expiresAt: 1,
      ...anyAge,
    };
    const reuse = { ...args, ...revoking({ type: 'refresh_token_reused' }) };
    // Without an event it is only reported.
    const unwritten = await logged(store, async () => {
      const found = await store.rotateSession({ ...reuse, event: null });
      assert.deepEqual(found, { status: 'reused', revocations: null });
    });
    assert.deepEqual(unwritten, []);
    assert.deepEqual(await sessionIds(store, session.userId), [session.id]);
    assert.equal((await store.rotateSession(reuse)).status, 'reused');
    assert.ok(await isRecorded(store, reuse.event.id));
    assert.deepEqual(await rotate(store, session.id, 3, rotatedAt), { status: 'gone' });
  });

  test('an honest refresh records nothing', async () => {
    const store = given();
    const { session } = await signIn(store);
    const args = {
      sessionId: session.id,
      generation: 0,
      now: 2_000,
      grace: 0,
      expiresAt: 3_000,
      ...anyAge,
    };
    const refresh = { ...args, ...revoking() };
    assert.equal((await store.rotateSession(refresh)).status, 'rotated');
    assert.equal(await isRecorded(store, refresh.event.id), false);
  });

  test('of many tabs that refresh at the same time, one rotates and the others get the same successor', async () => {
    const store = given();
    const { session } = await signIn(store);
    const tabs = Array.from({ length: 20 }, () => rotate(store, session.id, 0, rotatedAt));
    const results = await Promise.all(tabs);
    const statuses = results.map((it) => it.status).sort();
    assert.deepEqual(statuses, [...Array(19).fill('replayed'), 'rotated']);
    const successors = results.map((it) => ('session' in it ? JSON.stringify(it.session) : ''));
    assert.equal(new Set(successors).size, 1);
  });

  test('refreshes that come at the same time are decided one by one', async () => {
    const store = given();
    const cases = table.map(async ([generation, age, graceOfCall, expected]) => {
      const session = await generationThree(store);
      return { session, generation, now: rotatedAt + age, graceOfCall, expected };
    });
    const rows = await Promise.all(cases);
    const results = await Promise.all(
      rows.map((it) => rotate(store, it.session.id, it.generation, it.now, it.graceOfCall)),
    );
    for (const [index, { session, now, expected }] of rows.entries()) {
      const result = results[index];
      assert.equal(result?.status, expected, `row ${index}`);
      if (result === undefined || !('session' in result)) continue;
      const advanced = { generation: 4, rotatedAt: now, expiresAt: now + 100_000 };
      const after = expected === 'rotated' ? { ...session, ...advanced } : session;
      assert.deepEqual(result.session, after);
      assert.equal(result.user.id, session.userId);
      assert.deepEqual(await store.listSessions({ userId: session.userId, now: 0, limit: 1_000 }), [
        after,
      ]);
    }
  });

  const minute = 60_000;

  /** Presents generations one after another, a minute apart, and tells what became of each. */
  async function present(store: Store, sessionId: string, generations: readonly number[]) {
    const statuses: string[] = [];
    for (const [at, generation] of generations.entries()) {
      const result = await rotate(store, sessionId, generation, rotatedAt + (at + 1) * minute);
      statuses.push('session' in result ? `${result.session.generation}` : result.status);
    }
    return statuses;
  }

  /** What is presented a minute apart, from generation 3 on, and what each answers. */
  const lives: Record<string, [number[], string[]]> = {
    'an answer that was lost': [
      [3, 3, 5, 6],
      ['4', '5', '6', '7'],
    ],
    'three answers that were lost in a row': [
      [3, 3, 3, 3, 7, 8],
      ['4', '5', '6', '7', '8', '9'],
    ],
    'a parent whose successor was used': [
      [3, 4, 3],
      ['4', '5', 'reused'],
    ],
    'a parent after its successor was skipped and the next was used': [
      [3, 3, 5, 3],
      ['4', '5', '6', 'reused'],
    ],
    'a skipped successor that comes after all': [
      [3, 3, 4],
      ['4', '5', 'reused'],
    ],
    'a skipped successor that comes two retries later': [
      [3, 3, 3, 4],
      ['4', '5', '6', 'reused'],
    ],
    'the token before the parent': [
      [3, 2],
      ['4', 'reused'],
    ],
    'a skipped successor is no parent': [
      [3, 3, 5, 4],
      ['4', '5', '6', 'reused'],
    ],
  };
  for (const [what, [generations, expected]] of Object.entries(lives)) {
    test(`${what}: ${expected.join(', ')}`, async () => {
      const store = given();
      const { id } = await generationThree(store);
      assert.deepEqual(await present(store, id, generations), expected);
    });
  }

  /** `rotated` by the current generation and by its parent, which goes on in another way. */
  const presentedGenerations = [3, 2];
  /** Whether each is presented alone, or all come at the same moment, which PostgreSQL gives one statement. */
  for (const comesAlone of [true, false]) {
    const how = comesAlone ? 'alone' : 'with others';
    const startedAt = 1_000;
    const rotateAll = async (store: Store, now: number, maxAgeMs: number) => {
      const sessions: Session[] = [];
      for (const _ of presentedGenerations) sessions.push(await generationThree(store));
      const orders = presentedGenerations.map((generation, at) => () => {
        const args = { sessionId: sessions[at]?.id ?? '', generation, now, grace };
        return store.rotateSession({ ...args, expiresAt: 900_000, maxAgeMs, ...revoking() });
      });
      if (!comesAlone) return Promise.all(orders.map((order) => order()));
      const results: RotateResult[] = [];
      for (const order of orders) results.push(await order());
      return results;
    };

    test(`a session presented ${how} does not expire after its maximum age`, async () => {
      const now = rotatedAt + grace;
      for (const [maxAgeMs, expiresAt] of [
        [now - startedAt + 1, now + 1],
        [700_000, startedAt + 700_000],
        [899_000, 900_000],
        [899_001, 900_000],
      ] as const) {
        for (const result of await rotateAll(given(), now, maxAgeMs)) {
          assert.equal(result.status, 'rotated');
          assert.equal('session' in result && result.session.expiresAt, expiresAt);
        }
      }
    });

    test(`a session presented ${how} is gone at its maximum age, even in its grace window`, async () => {
      for (const now of [rotatedAt + grace, rotatedAt + 1]) {
        for (const maxAgeMs of [now - startedAt, 1]) {
          const log = await logged(given(), async () => {
            const results = await rotateAll(given(), now, maxAgeMs);
            assert.deepEqual(results, [{ status: 'gone' }, { status: 'gone' }]);
          });
          assert.deepEqual(log, []);
        }
      }
    });

    test(`generations presented ${how} from before a password change are gone, and the first one after it is not`, async () => {
      const store = given();
      const now = rotatedAt + grace;
      const present = async (generation: number) => {
        const { id: sessionId, userId } = await generationThree(store);
        const keep = { sessionId, expiresAt: 900_000, ...anyAge };
        const change = { userId, verifiedHash: null, newHash: 'x', keep, now: rotatedAt };
        assert.ok((await store.changePassword({ ...change, ...revoking() })).found);
        return () => rotate(store, sessionId, generation, now);
      };
      const orders = [await present(2), await present(3), await present(4)];
      const results: RotateResult[] = [];
      if (comesAlone) for (const order of orders) results.push(await order());
      else results.push(...(await Promise.all(orders.map((order) => order()))));
      const statuses = results.map(({ status }) => status);
      assert.deepEqual(statuses, ['gone', 'gone', 'rotated']);
    });
  }

  test('retries at the same moment end on one successor', async () => {
    const store = given();
    const { id } = await generationThree(store);
    const late = Array.from({ length: 10 }, () => rotate(store, id, 2, rotatedAt + minute));
    const results = await Promise.all(late);
    assert.ok(results.every((it) => 'session' in it && it.session.generation === 4));
    assert.equal(results.filter(({ status }) => status === 'rotated').length, 1);
  });
}
