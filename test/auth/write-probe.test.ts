import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { openTestAuth } from '../support/auth.ts';

/** The domain, with a count of the writes that were tried to find out whether the database takes any. */
async function openCounted() {
  const opened = await openTestAuth();
  const { store } = opened;
  const { tryWriting } = store;
  const state = { writes: 0, isFull: false };
  Object.assign(store, {
    async tryWriting(args: Parameters<typeof tryWriting>[0]) {
      state.writes += 1;
      if (state.isFull) throw new StoreUnavailable('The disk under the database is full.');
      await tryWriting(args);
    },
  });
  return { ...opened, state };
}

test('the database is written to at most every two seconds, however often readiness is asked', async () => {
  const { auth, clock, state, store } = await openCounted();
  await Promise.all(Array.from({ length: 500 }, () => auth.ping()));
  assert.equal(state.writes, 1, 'those who ask meanwhile share the outcome');
  for (let seconds = 0; seconds < 10; seconds += 0.1) {
    await auth.ping();
    clock.step(0.1);
  }
  assert.ok(state.writes <= 6, `${state.writes} writes in 10 seconds`);
  state.writes = 0;
  state.isFull = true;
  for (let seconds = 0; seconds < 10; seconds += 0.1) {
    clock.step(0.1);
    await auth.ping().catch(() => {});
  }
  assert.ok(state.writes <= 21, `${state.writes} attempts in 10 seconds`);
  await store.close();
});

test('a node notices within seconds that the database takes no writes, and sooner that it does again', async () => {
  const { auth, clock, state, store } = await openCounted();
  await auth.ping();
  state.isFull = true;
  clock.step(2);
  await assert.rejects(auth.ping(), /disk .* is full/);
  state.isFull = false;
  await assert.rejects(auth.ping(), StoreUnavailable, 'it is not asked again right away');
  clock.step(0.5);
  await auth.ping();
  await store.close();
});

test('a node is not ready without a key to sign with, although its database works', async () => {
  const { auth, store } = await openCounted();
  await auth.ping();
  Object.assign(auth.keys, { waitForSigner: () => Promise.reject(new StoreUnavailable('no key')) });
  await assert.rejects(auth.ping(), /no key/);
  await store.close();
});
