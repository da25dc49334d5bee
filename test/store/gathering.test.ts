import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreUnavailable } from '../../src/kernel/errors.ts';
import { RotationBatcher } from '../../src/store/postgres/rotation-batcher.ts';

/** A gathering of names, whose batches end when the test says so. */
function gather(options: { maxWaiting?: number } = {}) {
  const batches: { names: string; end: PromiseWithResolvers<ReadonlyMap<string, string>> }[] = [];
  const alone: string[] = [];
  const gathering = new RotationBatcher<string, string>({
    keyOf: (name) => name,
    together(names) {
      const end = Promise.withResolvers<ReadonlyMap<string, string>>();
      batches.push({ names: names.join(), end });
      return end.promise;
    },
    async alone(name) {
      alone.push(name);
      return `${name} alone`;
    },
    patience: 1_000,
    maxWaiting: 10,
    ...options,
  });
  const run = (...names: string[]) => Promise.all(names.map((it) => gathering.run(it)));
  const settle = (batch: number, ...names: string[]) =>
    batches[batch]?.end.resolve(new Map(names.map((it) => [it, `${it} together`])));
  return { run, settle, batches, alone, names: () => batches.map((it) => it.names) };
}

test('a call that comes alone goes alone', async () => {
  const { run, names } = gather();
  assert.deepEqual(await run('a'), ['a alone']);
  assert.deepEqual(names(), []);
});

test('calls that come at once go together, and what was not settled goes alone', async () => {
  const { run, settle, names } = gather();
  const answers = run('a', 'b', 'c');
  await turn();
  assert.deepEqual(names(), ['a,b,c']);
  settle(0, 'a', 'c');
  assert.deepEqual(await answers, ['a together', 'b alone', 'c together']);
});

test('while two batches are under way all others wait, and go together then', async () => {
  const { run, settle, names } = gather();
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

test('of two calls that are the same one goes alone', async () => {
  const { run, settle, names } = gather();
  const answers = run('a', 'b', 'a');
  await turn();
  assert.deepEqual(names(), ['a,b']);
  settle(0, 'a', 'b');
  assert.deepEqual(await answers, ['a together', 'b together', 'a alone']);
});

test('a failure is told to all of the batch, and to nobody else', async () => {
  const { run, settle, batches, alone } = gather();
  const failing = Promise.allSettled([run('a'), run('b')]);
  await turn();
  const other = run('c');
  await turn();
  batches[0]?.end.reject(new StoreUnavailable('away'));
  settle(1, 'c');
  const statuses = (await failing).map((it) => it.status);
  assert.deepEqual(statuses, ['rejected', 'rejected']);
  assert.deepEqual(await other, ['c together']);
  assert.deepEqual(alone, [], 'nobody knows whether it was done: it must not be done again');
});

test('no more wait than may, and none longer than it may', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { run, settle, names } = gather({ maxWaiting: 2 });
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
  assert.deepEqual(names(), ['a,b', 'c'], 'who gave up is not done behind its back');
});
