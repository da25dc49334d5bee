import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latestEvents } from '../../support/events.ts';
import { aClient, aClientSecret, anEvent, unique } from '../records.ts';
import type { OpenDatabase } from './harness.ts';

/** These see all clients, so each has a database of its own. */
export function clientTests(open: OpenDatabase): void {
  test('a client is found by its id alone', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const client = aClient({ name: 'Zoë’s API' });
    assert.deepEqual(await store.createClient({ client, event: anEvent() }), { status: 'created' });
    assert.deepEqual(await store.findClient({ id: client.id }), client);
    for (const id of [
      client.name,
      client.secrets[0]?.hash ?? '',
      client.id.toUpperCase(),
      '',
      '%',
    ]) {
      assert.equal(await store.findClient({ id }), undefined, id);
    }
  });

  test('a taken name or id stays with its client', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    const other = another ? await another() : store;
    const name = unique('name');
    const candidates = Array.from({ length: 6 }, () => aClient({ name }));
    const answers = await Promise.all(
      candidates.map((client, at) =>
        (at % 2 === 0 ? store : other).createClient({ client, event: anEvent() }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 'created').length, 1);
    assert.equal(answers.filter(({ status }) => status === 'taken').length, 5);
    const [stored, ...none] = await store.listClients();
    assert.ok(stored);
    assert.deepEqual(none, []);
    const again = aClient({ id: stored.id });
    assert.deepEqual(await store.createClient({ client: again, event: anEvent() }), {
      status: 'taken',
    });
    assert.deepEqual(await store.findClient({ id: stored.id }), stored);
    if (other !== store) await other.close();
  });

  test('clients are listed, the oldest first', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    assert.deepEqual(await store.listClients(), []);
    const [first, second, third] = [
      aClient({ createdAt: 1 }),
      aClient({ createdAt: 2 }),
      aClient({ createdAt: 2 }),
    ];
    for (const client of [third, first, second])
      await store.createClient({ client, event: anEvent() });
    assert.deepEqual(await store.listClients(), [first, second, third]);
  });

  test('a deleted client is gone, and its name is free', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const [client, other] = [aClient(), aClient()];
    for (const each of [client, other])
      await store.createClient({ client: each, event: anEvent() });
    const { id, name } = client;
    assert.deepEqual(await store.deleteClient({ id, event: anEvent() }), { found: true });
    assert.deepEqual(await store.deleteClient({ id, event: anEvent() }), { found: false });
    assert.equal(await store.findClient({ id }), undefined);
    assert.deepEqual(await store.listClients(), [other]);
    const next = await store.createClient({ client: aClient({ name }), event: anEvent() });
    assert.deepEqual(next, { status: 'created' });
  });

  test('a change of a client is recorded in the same transaction, and a failed one is not', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const client = aClient();
    const [created, deleted] = [
      anEvent({ type: 'client_created' }),
      anEvent({ type: 'client_deleted' }),
    ];
    await store.createClient({ client, event: created });
    await store.createClient({ client: aClient({ name: client.name }), event: anEvent() });
    await store.deleteClient({ id: unique('nobody'), event: anEvent() });
    await store.deleteClient({ id: client.id, event: deleted });
    assert.deepEqual(await latestEvents(store, null, 9), [deleted, created]);
    // An event that cannot be stored rolls back the change that it records.
    const lost = aClient();
    await assert.rejects(store.createClient({ client: lost, event: created }));
    assert.equal(await store.findClient({ id: lost.id }), undefined);
  });

  test('a new secret is added, and the others end at the given time or sooner', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const [client, other] = [aClient(), aClient()];
    for (const each of [client, other])
      await store.createClient({ client: each, event: anEvent() });
    const [first] = client.secrets;
    assert.ok(first);
    const rotate = (createdAt: number, othersEndAt: number) => {
      const secret = aClientSecret({ createdAt });
      const args = { id: client.id, secret, othersEndAt, now: createdAt, event: anEvent() };
      return { secret, rotated: store.rotateClientSecret(args) };
    };
    const second = rotate(2_000, 9_000);
    const expected = [{ ...first, endsAt: 9_000 }, second.secret];
    assert.deepEqual(await second.rotated, { ...client, secrets: expected });
    // One that ends at 9,000 already does not live longer because of a later rotation.
    const third = rotate(3_000, 20_000);
    const secrets = [
      { ...first, endsAt: 9_000 },
      { ...second.secret, endsAt: 20_000 },
      third.secret,
    ];
    assert.deepEqual(await third.rotated, { ...client, secrets });
    assert.deepEqual(await store.findClient({ id: client.id }), { ...client, secrets });
    // What has ended is removed.
    const fourth = rotate(9_000, 10_000);
    assert.deepEqual((await fourth.rotated)?.secrets, [
      { ...second.secret, endsAt: 10_000 },
      { ...third.secret, endsAt: 10_000 },
      fourth.secret,
    ]);
    const fifth = rotate(9_500, 9_500);
    assert.deepEqual((await fifth.rotated)?.secrets, [fifth.secret]);
    const listed = await store.listClients();
    assert.deepEqual(listed, [{ ...client, secrets: [fifth.secret] }, other]);
  });

  test('secrets that are added at the same moment all stay, in one order', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    const other = another ? await another() : store;
    const client = aClient();
    await store.createClient({ client, event: anEvent() });
    const secrets = Array.from({ length: 6 }, () => aClientSecret({ createdAt: 2_000 }));
    const times = { othersEndAt: 9_000, now: 2_000 };
    await Promise.all(
      secrets.map((secret, at) =>
        (at % 2 === 0 ? store : other).rotateClientSecret({
          ...times,
          id: client.id,
          secret,
          event: anEvent(),
        }),
      ),
    );
    const found = (await store.findClient({ id: client.id }))?.secrets ?? [];
    assert.equal(found.length, 7);
    assert.deepEqual(
      found.filter(({ endsAt }) => endsAt !== null).map(({ endsAt }) => endsAt),
      Array.from({ length: 6 }, () => 9_000),
    );
    if (other !== store) await other.close();
  });

  test('a deleted client gets no new secret, and its secrets are removed with it', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const client = aClient();
    const { id } = client;
    await store.createClient({ client, event: anEvent() });
    await store.deleteClient({ id, event: anEvent() });
    const args = { othersEndAt: 9_000, now: 2_000, event: anEvent() };
    assert.equal(
      await store.rotateClientSecret({ id, secret: aClientSecret(), ...args }),
      undefined,
    );
    const again = { ...client, secrets: [] };
    assert.deepEqual(await store.createClient({ client: again, event: anEvent() }), {
      status: 'created',
    });
    assert.deepEqual(await store.findClient({ id }), again);
    assert.equal((await latestEvents(store, null, 9)).length, 3);
  });
}
