import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/auth/ports.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { startPostgres } from '../support/postgres.ts';
import { anyAge } from './records.ts';
import { revoking, signIn } from './suite/harness.ts';

const server = await startPostgres();
const patience = { connectTimeout: 30_000, statementTimeout: 30_000 };

function rotate(store: Store, sessionId: string, generation: number) {
  const order = { sessionId, generation, now: 100_000, grace: 0, expiresAt: 900_000, ...anyAge };
  return store.rotateSession({ ...order, ...revoking() });
}

async function signInMany(store: Store, count: number): Promise<readonly string[]> {
  const signIns = Array.from({ length: count }, () => signIn(store));
  return (await Promise.all(signIns)).map(({ session }) => session.id);
}

test('a session that somebody holds keeps nobody waiting who came with it', async (t) => {
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

test('rotations that come at once take few transactions', async (t) => {
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

test('two nodes that rotate the same sessions at once neither block nor rotate one twice', async (t) => {
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

test('who closes the store waits for rotations under way', async () => {
  const url = await server.createDatabase();
  const store = await openPostgresStore({ url, ...patience });
  const ids = await signInMany(store, 20);
  // Of each session two: those of the second kind are decided after the end was announced.
  const results = [...ids, ...ids].map((id) => rotate(store, id, 0));
  await store.close();
  const statuses = (await Promise.all(results)).map((it) => it.status);
  assert.equal(statuses.filter((it) => it === 'rotated').length, 20);
});
