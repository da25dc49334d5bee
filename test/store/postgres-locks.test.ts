import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { repetitionsOf } from '../../scripts/proofs.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { lockCall } from '../../src/store/postgres/locks.ts';
import { startPostgres } from '../support/postgres.ts';
import { actNames, acts, signUpForAct } from './acts.ts';
import { anEvent, aSession } from './records.ts';
import { sessionIds, signUp } from './suite/harness.ts';
import { openingForms } from './suite/sessions.ts';

const ROUNDS = repetitionsOf('TEST_PAIR_ROUNDS');
/** How many statements ahead of the other act the first of a pair is, round by round. */
const STEPS_AHEAD = [3, 3, 4, 4, 2, 2, 0, 1, 1, 5, 5, 6, 6, 7, 7];
/** Only long runs measure: they suppose that nothing else uses the machine. */
const LONGEST_ACT_MS = ROUNDS < 50 ? Number.POSITIVE_INFINITY : 50;

// PostgreSQL finds a deadlock only after this time. The default is a second.
const server = await startPostgres(['deadlock_timeout=100ms']);

/** Whether the act waits for a lock before it ends. */
async function waitsForLock(act: Promise<unknown>, watcher: pg.Client): Promise<boolean> {
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  act.then(end, end);
  while (!hasEnded) {
    const { rowCount } = await watcher.query('select from pg_locks where not granted');
    if (rowCount !== 0) return true;
  }
  return false;
}

const heldRows = {
  user: 'select from users where id = $1 for update',
  session: 'select from sessions where id = $1 for update',
} as const;

for (const [held, lockRow] of Object.entries(heldRows)) {
  test(`an act that waits for the row of a ${held} does not hold the lock of the log`, async (t) => {
    const url = await server.createDatabase();
    const store = await openPostgresStore({ url });
    const [holder, watcher] = [await server.connect(url), await server.connect(url)];
    // The connections first: while one holds a row, the store cannot end.
    t.after(async () => {
      await Promise.all([holder.end(), watcher.end()]);
      await store.close();
    });
    const waiting = new Set<string>();
    for (const name of actNames) {
      const given = await signUpForAct(store);
      await holder.query('begin');
      await holder.query(lockRow, [held === 'user' ? given.user.id : given.session.id]);
      const act = acts[name](store, given);
      if (await waitsForLock(act, watcher)) waiting.add(name);
      const tryLock = lockCall('log').replace('advisory', 'try_advisory');
      const { rows } = await watcher.query(`select ${tryLock} as "isFree"`);
      await holder.query('rollback');
      await act;
      assert.deepEqual(rows, [{ isFree: true }], name);
    }
    assert.ok(waiting.size >= 5, `only these waited: ${[...waiting]}`);
  });
}

const changes = {
  // As the verb does: no one-time secret outlives the password.
  'the password changes': `with ended as (delete from one_time_secrets where subject = $1)
    update users set password_hash = 'another' where id = $1`,
  'a change of the password is required':
    'update users set password_change_required_at = 2000 where id = $1',
  'the user is disabled': 'update users set disabled_at = 2000 where id = $1',
  'the user is deleted': 'delete from users where id = $1',
} as const;
const changesInEachForm = Object.entries(openingForms).flatMap(([form, options]) =>
  Object.entries(changes).map(([name, change]) => ({ form, options, name, change })),
);

test('a login waits for a change of its user, and then checks the user again', async (t) => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url });
  const [holder, watcher] = [await server.connect(url), await server.connect(url)];
  t.after(async () => {
    await Promise.all([holder.end(), watcher.end()]);
    await store.close();
  });
  for (const { form, options, name, change } of changesInEachForm) {
    for (const end of ['commit', 'rollback'] as const) {
      const { user } = await signUp(store, 0);
      const session = aSession(user.id);
      const opening = await options(store, user);
      await holder.query('begin');
      await holder.query(change, [user.id]);
      const login = store.openSession({ session, event: anEvent(), ...opening });
      assert.equal(await waitsForLock(login, watcher), true, `${form}, ${name}`);
      await holder.query(end);
      const expected = end === 'commit' ? 'refused' : 'opened';
      assert.equal((await login).status, expected, `${form}, ${name}`);
      const ids = await sessionIds(store, user.id);
      assert.deepEqual(ids, end === 'commit' ? [] : [session.id]);
    }
  }
});

/** Waits for as long as a transaction takes for a number of its statements. */
async function delay(store: Store, statements: number): Promise<void> {
  for (let made = 0; made < statements; made++) await store.ping();
}

/** @returns how long it took; ms */
async function measure(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

test(`no pair of acts on one session or user ends in a deadlock, in ${ROUNDS} rounds`, async (t) => {
  const url = await server.createDatabase();
  const stores = [await openPostgresStore({ url }), await openPostgresStore({ url })] as const;
  const closeAll = () => Promise.all(stores.map((it) => it.close()));
  t.after(closeAll);
  const [left, right] = stores;
  const pairs = actNames.flatMap((one, at) => actNames.slice(at).map((two) => [one, two] as const));
  const slow: string[] = [];
  for (const [one, two] of pairs) {
    for (let round = 0; round < ROUNDS; round++) {
      const given = await signUpForAct(left);
      const [first, second] = round % 2 === 0 ? [one, two] : [two, one];
      const times = await Promise.all([
        measure(() => acts[first](left, given)),
        delay(right, STEPS_AHEAD[round % STEPS_AHEAD.length] ?? 0).then(() =>
          measure(() => acts[second](right, given)),
        ),
      ]);
      const longestMs = Math.max(...times);
      if (longestMs > LONGEST_ACT_MS) slow.push(`${first}, ${second}: ${Math.round(longestMs)} ms`);
    }
  }
  assert.deepEqual(slow, []);
  // The server counts the deadlocks of a connection when that ends, at the latest.
  await closeAll();
  const watcher = await server.connect();
  t.after(() => watcher.end());
  const database = new URL(url).pathname.slice(1);
  const connected = 'select from pg_stat_activity where datname = $1';
  while ((await watcher.query(connected, [database])).rowCount !== 0);
  const counted = 'select deadlocks::int from pg_stat_database where datname = $1';
  assert.deepEqual((await watcher.query(counted, [database])).rows, [{ deadlocks: 0 }]);
});
