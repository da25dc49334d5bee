import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredKey } from '../../../src/auth/keys/stored-key.ts';
import { aKey, anEnvelope, anEvent, aSecret } from '../records.ts';
import { isRecorded, type OpenDatabase } from './harness.ts';

/** These see all keys, so each has a database of its own. */
export function keyTests(open: OpenDatabase): void {
  test('keys and envelopes are added, replaced and removed', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    assert.deepEqual(await store.readKeys(), { version: 0, keys: [], envelopes: [] });
    const late = aKey({ activeAt: 9_000, retiredAt: 19_000, revokedAt: 18_000 });
    const first = aKey();
    const symmetric = aKey({ algorithm: 'HS256' });
    const ofData = { kind: 'data', createdAt: 2_000, endsAt: 3_000 } as const;
    const envelopes = [anEnvelope(), anEnvelope(ofData)];
    const change = { version: 0, keys: [late, symmetric, first], envelopes };
    assert.deepEqual(await store.changeKeys(change), { status: 'changed', revocations: [] });
    const sorted = [first, symmetric, late];
    assert.deepEqual(await store.readKeys(), { version: 1, keys: sorted, envelopes });

    const retiring = { ...first, retiredAt: 20_000, sealedPrivateJwk: 'sealed again' };
    const [one = anEnvelope(), two = anEnvelope()] = envelopes;
    const ending = { ...two, endsAt: 9_000, sealed: 'sealed again' };
    const next = {
      version: 1,
      keys: [retiring],
      removedKeys: [late.kid, 'nobody'],
      envelopes: [ending],
      removedEnvelopes: [one.id],
    };
    assert.equal((await store.changeKeys(next)).status, 'changed');
    const left = { version: 2, keys: [retiring, symmetric], envelopes: [ending] };
    assert.deepEqual(await store.readKeys(), left);
  });

  test('a change of keys writes its entry to the log and its event', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const event = anEvent({ type: 'key_revoked' });
    const entries = (['key', 'keys'] as const).map((kind) => ({
      kind,
      subject: 'kid',
      version: 0,
      issuedUntil: 9_000,
    }));
    const done = await store.changeKeys({ version: 0, revocations: entries, event });
    assert.ok(done.status === 'changed');
    const { revocations } = await store.listRevocations({ after: 0, now: 0 });
    assert.deepEqual(done.revocations, revocations);
    assert.deepEqual(
      revocations.map(({ seq: _, ...entry }) => entry),
      entries.map(({ issuedUntil: expiresAt, ...entry }) => ({ ...entry, expiresAt })),
    );
    assert.ok(await isRecorded(store, event.id));
  });

  test('a change that was decided on an old version changes nothing', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const first = aKey();
    await store.changeKeys({ version: 0, keys: [first] });
    const event = anEvent();
    const late = {
      keys: [aKey()],
      removedKeys: [first.kid],
      envelopes: [anEnvelope()],
      endsOneTimeSecrets: true as const,
      revocations: [{ kind: 'keys', subject: '', version: 0, issuedUntil: 9_000 } as const],
      event,
    };
    const secret = aSecret();
    await store.createOneTimeSecret({ secret, bound: null, now: 0 });
    for (const version of [0, 2, 7]) {
      assert.deepEqual(await store.changeKeys({ version, ...late }), { status: 'outdated' });
    }
    assert.deepEqual(await store.readKeys(), { version: 1, keys: [first], envelopes: [] });
    assert.deepEqual((await store.listRevocations({ after: 0, now: 0 })).revocations, []);
    assert.equal(await isRecorded(store, event.id), false);
    assert.deepEqual(await store.findOneTimeSecret({ ...secret, now: 0 }), secret);
    await store.changeKeys({ version: 1, ...late });
    assert.equal(await store.findOneTimeSecret({ ...secret, now: 0 }), undefined);
  });

  test('of nodes that change the keys at the same time, one does', async (t) => {
    const { store, another, remove } = await open();
    t.after(remove);
    const other = another ? await another() : store;
    const tried: { key: StoredKey; status: string }[] = [];
    for (const version of [0, 1, 2]) {
      const answers = await Promise.all(
        [store, other, store, other].map(async (it) => {
          const key = aKey({ activeAt: 1_000 + version });
          return { key, ...(await it.changeKeys({ version, keys: [key] })) };
        }),
      );
      tried.push(...answers);
      assert.equal(answers.filter(({ status }) => status === 'changed').length, 1);
    }
    const won = tried.filter(({ status }) => status === 'changed').map(({ key }) => key);
    assert.deepEqual(await other.readKeys(), { version: 3, keys: won, envelopes: [] });
    if (other !== store) await other.close();
  });
}
