import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/auth/ports/store.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { readLocation } from '../../src/store/postgres/connection/location.ts';
import { createPostgresSql } from '../../src/store/postgres/dialect.ts';
import { PostgresExecutor } from '../../src/store/postgres/executor.ts';
import { createSingleStatements } from '../../src/store/queries/index.ts';
import { rotationOfMany } from '../../src/store/queries/sessions/rotation-batch.ts';
import { startPostgres } from '../support/postgres.ts';
import { anyAge } from './records.ts';
import { revoking, signIn } from './suite/harness.ts';

const server = await startPostgres();
const patience = { connectTimeoutMs: 30_000, statementTimeoutMs: 30_000 };

function rotate(store: Store, sessionId: string, generation: number) {
  const order = { sessionId, generation, now: 100_000, grace: 0, expiresAt: 900_000, ...anyAge };
  return store.rotateSession({ ...order, ...revoking() });
}

async function signInMany(store: Store, count: number): Promise<readonly string[]> {
  const signIns = Array.from({ length: count }, () => signIn(store));
  return (await Promise.all(signIns)).map(({ session }) => session.id);
}

test('a locked session keeps no other session of its batch waiting', async (t) => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, ...patience });
  const outsider = await server.connect(url);
  t.after(() => Promise.all([store.close(), outsider.end()]));
  const [held = '', ...free] = await signInMany(store, 10);
  await outsider.query('begin');
  await outsider.query('select from sessions where id = $1 for update', [held]);
  let isHeldDone = false;
  const waiting = rotate(store, held, 0).finally(() => {
    isHeldDone = true;
  });
  for (const { status } of await Promise.all(free.map((id) => rotate(store, id, 0)))) {
    assert.equal(status, 'rotated');
  }
  // Further ones, too, while it still waits.
  const more = await Promise.all(free.map((id) => rotate(store, id, 1)));
  assert.deepEqual(new Set(more.map((it) => it.status)), new Set(['rotated']));
  assert.equal(isHeldDone, false);
  await outsider.query('commit');
  assert.equal((await waiting).status, 'rotated');
});

test('rotations that come at the same time take few transactions', async (t) => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, poolSize: 4, ...patience });
  const outsider = await server.connect(url);
  t.after(() => Promise.all([store.close(), outsider.end()]));
  const ids = await signInMany(store, 200);
  await Promise.all(ids.map((id) => rotate(store, id, 0)));
  // xmin: the transaction that wrote the row.
  const count = 'select count(distinct xmin::text)::int as transactions from sessions';
  const { transactions } = (await outsider.query(count)).rows[0];
  assert.ok(transactions <= 4, `${transactions} transactions`);
});

test('two nodes that rotate the same sessions at the same time neither deadlock nor rotate one twice', async (t) => {
  const url = await server.createDatabase();
  const nodes = await Promise.all([1, 2].map(() => openPostgresStore({ url, ...patience })));
  t.after(() => Promise.all(nodes.map((it) => it.close())));
  const [store] = nodes;
  assert.ok(store);
  const ids = await signInMany(store, 60);
  const order = { now: 100_000, grace: 30_000, expiresAt: 900_000, ...anyAge };
  const results = await Promise.all(
    nodes.flatMap((node, index) => {
      // From both ends, so that they meet with each holding what the other wants.
      const own = index === 0 ? ids : ids.toReversed();
      return own.map((sessionId) =>
        node.rotateSession({ ...order, sessionId, generation: 0, ...revoking() }),
      );
    }),
  );
  const generations = results.map((it) => ('session' in it ? it.session.generation : undefined));
  assert.deepEqual(new Set(generations), new Set([1]));
  const rotated = results.filter((it) => it.status === 'rotated');
  assert.equal(rotated.length, ids.length);
});

test('a rotation takes one statement, singly and in a batch, at each boundary of the rule', async (t) => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, ...patience });
  const executor = new PostgresExecutor(await readLocation({ url, ...patience }));
  t.after(() => Promise.all([store.close(), executor.close()]));
  const sql = createPostgresSql();
  const { rotateSession } = createSingleStatements(sql);
  const rotateMany = rotationOfMany(sql);
  const [rotatedAt, grace] = [100_000, 30_000];
  /** A session whose password was changed at generation 0: its first generation is 1. */
  const createOrder = async (age: number, generation: number) => {
    const { user, session } = await signIn(store);
    const sessionId = session.id;
    const keep = { sessionId, expiresAt: 900_000, ...anyAge };
    const change = { verifiedHash: null, newHash: 'x', keep, now: rotatedAt };
    await store.changePassword({ userId: user.id, ...change, ...revoking() });
    if (generation === 1) await rotate(store, sessionId, 1);
    return {
      ...{ sessionId, generation: 1, now: rotatedAt + age, grace, expiresAt: 900_000, ...anyAge },
      ...revoking(),
    };
  };
  /** ms since the rotation, and which generation is presented: the current one or its parent. */
  const cases = [grace, -grace, grace + 1, -grace - 1].flatMap((age) => [
    [age, 0],
    [age, 1],
  ]) as [number, number][];
  for (const [age, isParent] of cases) {
    const alone = await createOrder(age, isParent);
    assert.ok(rotateSession);
    const answer = await executor.runStatements(() => rotateSession(alone));
    assert.ok(typeof answer === 'object' && answer.status === 'rotated', `${age}, ${isParent}`);
    const orders = [await createOrder(age, isParent), await createOrder(age, isParent)];
    const answers = await executor.runStatements(() => rotateMany(orders));
    assert.equal(answers.size, 2, `${age}, ${isParent}`);
  }
});

test('closing the store waits for rotations in flight', async () => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, ...patience });
  const ids = await signInMany(store, 20);
  // Of each session two: those of the second kind are decided after the end was announced.
  const results = [...ids, ...ids].map((id) => rotate(store, id, 0));
  await store.close();
  const statuses = (await Promise.all(results)).map((it) => it.status);
  assert.equal(statuses.filter((it) => it === 'rotated').length, 20);
});
