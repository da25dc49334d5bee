import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aKey } from '../records.ts';
import type { OpenDatabase } from './harness.ts';

/** These see all keys, so each has a database of its own. */
export function keyTests(open: OpenDatabase): void {
  test('the first key of an algorithm is stored, and a second is not', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const first = aKey();
    const symmetric = aKey({ algorithm: 'HS256', publicJwk: null });
    assert.deepEqual(await store.listKeys(), []);
    assert.deepEqual(await store.ensureKey({ candidate: first, now: 1_000 }), [first]);
    assert.deepEqual(await store.ensureKey({ candidate: aKey(), now: 2_000 }), [first]);
    const both = await store.ensureKey({ candidate: symmetric, now: 2_000 });
    assert.deepEqual(both, [first, symmetric]);
    assert.deepEqual(await store.listKeys(), [first, symmetric]);
  });

  test('a key that is not active yet, or is retired, is not in force', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const future = aKey({ activeAt: 9_000 });
    const retiring = aKey({ retiredAt: 5_000 });
    const ensure = (candidate: typeof future, now: number) => store.ensureKey({ candidate, now });
    await ensure(future, 1_000);
    assert.deepEqual(await ensure(retiring, 1_000), [retiring, future]);
    assert.deepEqual(await ensure(aKey(), 4_999), [retiring, future]);
    const next = aKey({ activeAt: 5_000 });
    assert.deepEqual(await ensure(next, 5_000), [next, future]);
    assert.deepEqual(await store.listKeys(), [retiring, next, future]);
  });

  test('nodes that start at once end with one key', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    const other = another ? await another() : store;
    const answers = await Promise.all(
      [store, other, store, other].map((it) => it.ensureKey({ candidate: aKey(), now: 2_000 })),
    );
    const kids = new Set(answers.map((keys) => keys.map((it) => it.kid).join()));
    assert.equal(kids.size, 1);
    assert.equal((await store.listKeys()).length, 1);
    if (other !== store) await other.close();
  });
}
