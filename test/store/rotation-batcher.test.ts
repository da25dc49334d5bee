import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { RotationBatcher } from '../../src/store/postgres/rotation-batcher.ts';

/** A batcher of names, whose batches end when the test says so. */
function createBatcher(options: { maxWaiting?: number } = {}) {
  const batches: { names: string; end: PromiseWithResolvers<ReadonlyMap<string, string>> }[] = [];
  const singles: string[] = [];
  const batcher = new RotationBatcher<string, string>({
    keyOf: (name) => name,
    runBatch(names) {
      const end = Promise.withResolvers<ReadonlyMap<string, string>>();
      batches.push({ names: names.join(), end });
      return end.promise;
    },
    async runSingle(name) {
      singles.push(name);
      return `${name} singly`;
    },
    maxWaitMs: 1_000,
    maxWaiting: 10,
    ...options,
  });
  const run = (...names: string[]) => Promise.all(names.map((it) => batcher.run(it)));
  const settle = (batch: number, ...names: string[]) =>
    batches[batch]?.end.resolve(new Map(names.map((it) => [it, `${it} in a batch`])));
  return { run, settle, batches, singles, names: () => batches.map((it) => it.names) };
}

suite('batches of rotations', () => {
  test('a call that comes when there is no other runs singly', async () => {
    const { run, names } = createBatcher();
    assert.deepEqual(await run('a'), ['a singly']);
    assert.deepEqual(names(), []);
  });

  test('calls of one turn run as a batch, and those that it did not settle run singly', async () => {
    const { run, settle, names } = createBatcher();
    const answers = run('a', 'b', 'c');
    await turn();
    assert.deepEqual(names(), ['a,b,c']);
    settle(0, 'a', 'c');
    assert.deepEqual(await answers, ['a in a batch', 'b singly', 'c in a batch']);
  });

  test('while two batches are in flight all other calls wait, and then run as one batch', async () => {
    const { run, settle, names } = createBatcher();
    const first = run('a', 'b');
    await turn();
    const second = run('c');
    await turn();
    const third = Promise.all([run('d'), run('e')]);
    await turn();
    assert.deepEqual(names(), ['a,b', 'c']);
    settle(0, 'a', 'b');
    await first;
    await turn();
    assert.deepEqual(names(), ['a,b', 'c', 'd,e']);
    settle(1, 'c');
    settle(2, 'd', 'e');
    await Promise.all([second, third]);
  });

  test('the second of two calls with the same key runs singly', async () => {
    const { run, settle, names } = createBatcher();
    const answers = run('a', 'b', 'a');
    await turn();
    assert.deepEqual(names(), ['a,b']);
    settle(0, 'a', 'b');
    assert.deepEqual(await answers, ['a in a batch', 'b in a batch', 'a singly']);
  });

  test('a batch that fails rejects its own calls and no others', async () => {
    const { run, settle, batches, singles } = createBatcher();
    const failing = Promise.allSettled([run('a'), run('b')]);
    await turn();
    const other = run('c');
    await turn();
    batches[0]?.end.reject(new StoreUnavailable('away'));
    settle(1, 'c');
    const statuses = (await failing).map((it) => it.status);
    assert.deepEqual(statuses, ['rejected', 'rejected']);
    assert.deepEqual(await other, ['c in a batch']);
    assert.deepEqual(
      singles,
      [],
      'the batch may have been committed, so its calls must not run again',
    );
  });

  test('no more than `maxWaiting` calls wait, and none longer than `maxWaitMs`', async (t: TestContext) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { run, settle, names } = createBatcher({ maxWaiting: 2 });
    const first = run('a', 'b');
    await turn();
    const busy = run('c');
    await turn();
    const waiting = Promise.allSettled([run('d'), run('e')]);
    await assert.rejects(run('f'), /Too many callers/);
    t.mock.timers.tick(1_000);
    for (const result of await waiting) {
      assert.ok(result.status === 'rejected' && result.reason instanceof StoreUnavailable);
    }
    settle(0, 'a', 'b');
    settle(1, 'c');
    await Promise.all([first, busy]);
    await turn();
    assert.deepEqual(names(), ['a,b', 'c'], 'a call that gave up is not run afterwards');
  });
});
