import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latestEvents } from '../../support/events.ts';
import { aGuard, anEvent, unique } from '../records.ts';
import type { OpenDatabase } from './harness.ts';

/** These see all guards, so each has a database of its own. */
export function guardTests(open: OpenDatabase): void {
  test('a guard is found by its id and no other way', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const guard = aGuard({ name: 'Zoë’s API' });
    assert.deepEqual(await store.createGuard({ guard, event: anEvent() }), { status: 'created' });
    assert.deepEqual(await store.findGuard({ id: guard.id }), guard);
    for (const id of [guard.name, guard.keyHash, guard.id.toUpperCase(), '', '%']) {
      assert.equal(await store.findGuard({ id }), undefined, id);
    }
  });

  test('a name or an id that is taken stays whose it is', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    const other = another ? await another() : store;
    const name = unique('name');
    const candidates = Array.from({ length: 6 }, () => aGuard({ name }));
    const answers = await Promise.all(
      candidates.map((guard, at) =>
        (at % 2 === 0 ? store : other).createGuard({ guard, event: anEvent() }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 'created').length, 1);
    assert.equal(answers.filter(({ status }) => status === 'taken').length, 5);
    const [stored, ...none] = await store.listGuards();
    assert.ok(stored);
    assert.deepEqual(none, []);
    const again = aGuard({ id: stored.id });
    assert.deepEqual(await store.createGuard({ guard: again, event: anEvent() }), {
      status: 'taken',
    });
    assert.deepEqual(await store.findGuard({ id: stored.id }), stored);
    if (other !== store) await other.close();
  });

  test('guards are listed the oldest first', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    assert.deepEqual(await store.listGuards(), []);
    const [first, second, third] = [
      aGuard({ createdAt: 1 }),
      aGuard({ createdAt: 2 }),
      aGuard({ createdAt: 2 }),
    ];
    for (const guard of [third, first, second])
      await store.createGuard({ guard, event: anEvent() });
    assert.deepEqual(await store.listGuards(), [first, second, third]);
  });

  test('a deleted guard is gone, and its name is free', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const [guard, other] = [aGuard(), aGuard()];
    for (const each of [guard, other]) await store.createGuard({ guard: each, event: anEvent() });
    const { id, name } = guard;
    assert.deepEqual(await store.deleteGuard({ id, event: anEvent() }), { found: true });
    assert.deepEqual(await store.deleteGuard({ id, event: anEvent() }), { found: false });
    assert.equal(await store.findGuard({ id }), undefined);
    assert.deepEqual(await store.listGuards(), [other]);
    const next = await store.createGuard({ guard: aGuard({ name }), event: anEvent() });
    assert.deepEqual(next, { status: 'created' });
  });

  test('what is done to a guard is told in the same transaction, and nothing else is', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const guard = aGuard();
    const [created, deleted] = [
      anEvent({ type: 'guard_created' }),
      anEvent({ type: 'guard_deleted' }),
    ];
    await store.createGuard({ guard, event: created });
    await store.createGuard({ guard: aGuard({ name: guard.name }), event: anEvent() });
    await store.deleteGuard({ id: unique('nobody'), event: anEvent() });
    await store.deleteGuard({ id: guard.id, event: deleted });
    assert.deepEqual(await latestEvents(store, null, 9), [deleted, created]);
    // An event that cannot be stored takes what it tells of with it.
    const lost = aGuard();
    await assert.rejects(store.createGuard({ guard: lost, event: created }));
    assert.equal(await store.findGuard({ id: lost.id }), undefined);
  });
}
