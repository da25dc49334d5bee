import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Lease } from '../../src/auth/lease.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { createTestRandom, TestClock } from '../support/auth.ts';

const termMs = 180_000;

/** Nodes with clocks that differ by hours. */
async function openNodes(t: TestContext) {
  const store = await openSqliteStore({ path: ':memory:', thread: 'inline' });
  t.after(() => store.close());
  const clocks = [0, 5, -7].map((hours) => new TestClock(Date.UTC(2026, 0, 1, 12 + hours)));
  const nodes = clocks.map(
    (clock, at) =>
      new Lease({ store, clock, random: createTestRandom(`node ${at}`), name: 'work', termMs }),
  );
  const [a, b, c] = nodes;
  assert.ok(a && b && c);
  const pass = (seconds: number) => {
    for (const clock of clocks) clock.step(seconds);
  };
  return { a, b, c, clocks, pass };
}

test('One node holds the lease as long as it renews it, independently of the clocks of the others', async (t) => {
  const { a, b, c, pass } = await openNodes(t);
  assert.equal(await a.take(), true);
  for (let minute = 0; minute < 20; minute++) {
    assert.deepEqual(await Promise.all([b.take(), c.take()]), [false, false]);
    pass(60);
    assert.equal(await a.take(), true);
  }
});

test('A lease that was released is free immediately', async (t) => {
  const { a, b } = await openNodes(t);
  assert.equal(await a.take(), true);
  assert.equal(await b.take(), false);
  await a.release();
  assert.equal(await b.take(), true);
  assert.equal(await a.take(), false);
  await a.release();
  assert.equal(await b.take(), true, 'who does not hold it releases nothing');
});

test('One other node takes the lease when its holder does not renew it for the term', async (t) => {
  const { a, b, c, pass } = await openNodes(t);
  assert.equal(await a.take(), true);
  assert.deepEqual([await b.take(), await c.take()], [false, false]);
  pass(termMs / 1000 - 1);
  assert.deepEqual([await b.take(), await c.take()], [false, false]);
  pass(1);
  const taken = await Promise.all([b.take(), c.take()]);
  assert.deepEqual(taken.sort(), [false, true]);
  assert.equal(await a.take(), false, 'the one that was silent finds out');
  pass(termMs / 1000);
  assert.equal(await a.take(), true, 'and takes the lease again when its new holder is silent');
});

test('A clock that is set neither ends nor prolongs the term', async (t) => {
  const { a, b, clocks, pass } = await openNodes(t);
  assert.equal(await a.take(), true);
  assert.equal(await b.take(), false);
  const [, clock] = clocks;
  clock?.set(10 * 3600);
  assert.equal(await b.take(), false);
  clock?.set(-20 * 3600);
  assert.equal(await b.take(), false);
  pass(termMs / 1000);
  assert.equal(await b.take(), true);
});

test('A node that has just started waits for the whole term', async (t) => {
  const { a, b, pass } = await openNodes(t);
  assert.equal(await a.take(), true);
  pass(10 * 3600);
  assert.equal(await b.take(), false);
  pass(termMs / 1000);
  assert.equal(await b.take(), true);
});
