import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUCKETS, type BucketKind } from '../../../src/auth/limits/bucket-kinds.ts';
import { type BucketState, countAttempt } from '../../../src/auth/limits/bucket-rule.ts';
import type { Place } from '../../../src/auth/ports/limits.ts';
import type { Store } from '../../../src/auth/ports/store.ts';
import { anEvent, aProof, aSession, unique } from '../records.ts';
import { isRecorded, type OpenDatabase, revoking, signUp } from './harness.ts';

const now = 1_000_000;

function aPlace(kind: BucketKind = 'identifier'): Place {
  return { key: unique('bucket'), kind, rule: BUCKETS[kind] };
}

async function take(store: Store, places: readonly Place[], at = now): Promise<readonly number[]> {
  const result = await store.takePlaces({ places, now: at });
  assert.equal(result.status, 'taken');
  return result.status === 'taken' ? result.attempts : [];
}

/** Takes places until the bucket is closed. */
async function fill(store: Store, place: Place): Promise<void> {
  const { attempts = 0 } = (await stateOf(store, place)) ?? {};
  for (let i = attempts; i < place.rule.free; i++) await take(store, [place]);
}

async function stateOf(store: Store, { key }: Place): Promise<BucketState | undefined> {
  const bucket = await store.findBucket({ key });
  if (bucket === undefined) return undefined;
  const { attempts, openAt, endsAt } = bucket;
  return { attempts, openAt, endsAt };
}

export function limitTests(given: () => Store, open: OpenDatabase): void {
  test('counts by the rule of its kind, at every boundary', async () => {
    const store = given();
    for (const kind of ['identifier', 'device', 'address'] as const) {
      const place = aPlace(kind);
      let expected: BucketState | undefined;
      let at = now;
      for (let i = 0; i < 50; i++) {
        const isClosed = expected !== undefined && expected.openAt > at;
        const result = await store.takePlaces({ places: [place], now: at });
        if (isClosed) {
          assert.deepEqual(result, {
            status: 'refused',
            closed: [{ key: place.key, openAt: expected?.openAt }],
          });
          assert.deepEqual(await stateOf(store, place), expected, 'a refusal writes nothing');
          at = (expected?.openAt ?? 0) + (i % 3 === 0 ? -1 : 0);
        } else {
          expected = countAttempt(expected, place.rule, at);
          assert.deepEqual(result, { status: 'taken', attempts: [expected.attempts] });
          assert.deepEqual(await stateOf(store, place), expected);
          if (i === 30) at = expected.endsAt - 1;
          if (i === 40) at = expected.endsAt;
        }
      }
    }
  });

  test('takes all places or none', async () => {
    const store = given();
    const [account, address, other] = [aPlace(), aPlace('address'), aPlace('site')];
    assert.deepEqual(await take(store, [account, address, other]), [1, 1, 1]);
    await fill(store, account);
    const before = await stateOf(store, address);
    const refused = await store.takePlaces({ places: [account, address, other], now });
    assert.equal(refused.status, 'refused');
    assert.deepEqual(await stateOf(store, address), before);
    assert.deepEqual(await take(store, [address, other]), [2, 2]);
  });

  test('gives places back, and clears', async () => {
    const store = given();
    const [account, address] = [aPlace(), aPlace('address')];
    await fill(store, account);
    await fill(store, address);
    await store.leavePlaces({ cleared: [account.key], returned: [address.key, unique('no')] });
    assert.equal(await stateOf(store, account), undefined);
    const { endsAt } = (await stateOf(store, address)) ?? {};
    assert.deepEqual(await stateOf(store, address), { attempts: 29, openAt: 0, endsAt });
    assert.deepEqual(await take(store, [address]), [30]);
    assert.equal((await store.takePlaces({ places: [address], now })).status, 'refused');
  });

  test('a session and a changed password leave their places in the same transaction', async () => {
    const store = given();
    const { user } = await signUp(store);
    const [account, address] = [aPlace(), aPlace('address')];
    const places = { cleared: [account.key], returned: [address.key] };
    const openSession = (proof = aProof(user), bound?: object) =>
      store.openSession({
        session: aSession(user.id),
        proof,
        event: anEvent(),
        places,
        ...bound,
      });
    await take(store, [account, address]);
    const wrong = { kind: 'password', verifiedHash: 'another', rehash: null } as const;
    assert.equal((await openSession(wrong)).status, 'refused');
    assert.equal((await stateOf(store, account))?.attempts, 1);
    assert.equal((await openSession()).status, 'opened');
    assert.equal(await stateOf(store, account), undefined);
    assert.equal((await stateOf(store, address))?.attempts, 0);
    // Near the bound, PostgreSQL opens the session in a transaction of several statements.
    await take(store, [account, address]);
    const bound = { bound: { maxSessions: 2, ...revoking() } };
    assert.equal((await openSession(aProof(user), bound)).status, 'opened');
    assert.equal(await stateOf(store, account), undefined);

    await take(store, [account, address]);
    await store.changePassword({
      userId: user.id,
      verifiedHash: null,
      newHash: 'new',
      keep: null,
      places,
      now,
      ...revoking(),
    });
    assert.equal(await stateOf(store, account), undefined);
    const changed = await store.findUser({ id: user.id });
    assert.equal(changed?.credentialVersion, user.credentialVersion + 1);
  });

  test('lists closed buckets with whose they are, and removes them with an event', async () => {
    const { store, remove } = await open();
    try {
      const closed = [aPlace(), aPlace(), aPlace()];
      for (const place of closed) await fill(store, place);
      await take(store, [aPlace()]);
      await fill(store, aPlace('address'));
      const keys = closed.map((it) => it.key).sort();
      const [first = '', ...others] = keys;
      await store.nameBucket({ key: first, subject: 'sealed' });
      await store.nameBucket({ key: unique('no'), subject: 'sealed' });
      const list = (after: string | null, limit = 9, at = now) =>
        store.listClosedBuckets({ kind: 'identifier', now: at, after, limit });
      const [named, ...rest] = await list(null);
      assert.equal(named?.key, first);
      assert.equal(named?.subject, 'sealed');
      assert.deepEqual(
        rest.map((it) => it.key),
        others,
      );
      assert.equal((await list(null, 1)).length, 1);
      assert.equal((await list(first)).length, 2);
      assert.equal((await list(null, 9, now + 1_000)).length, 0);

      const event = anEvent();
      assert.deepEqual(await store.removeBuckets({ keys: [first, unique('no')], event }), {
        found: true,
      });
      assert.ok(await isRecorded(store, event.id));
      const again = anEvent();
      assert.deepEqual(await store.removeBuckets({ keys: [first], event: again }), {
        found: false,
      });
      assert.ok(!(await isRecorded(store, again.id)));
    } finally {
      await remove();
    }
  });

  test('goes with its user, and when it has no effect any longer', async () => {
    const { store, remove } = await open();
    try {
      const { user } = await signUp(store);
      const [own, past, present] = [aPlace(), aPlace('address'), aPlace()];
      await take(store, [own, past, present]);
      await store.deleteUser({ userId: user.id, buckets: [own.key], now, ...revoking() });
      assert.equal(await stateOf(store, own), undefined);
      await store.purgeExpired({ now: now + BUCKETS.address.spanMs, limit: 100 });
      assert.equal(await stateOf(store, past), undefined);
      assert.equal((await stateOf(store, present))?.attempts, 1);
    } finally {
      await remove();
    }
  });

  test('of 200 attempts at the same moment on three nodes, exactly the limit is admitted', async () => {
    const { store, another, remove } = await open();
    const nodes = [store];
    try {
      for (let i = 0; i < 2 && another !== undefined; i++) nodes.push(await another());
      const account = aPlace();
      const addresses = Array.from({ length: 20 }, () => aPlace('address'));
      const attempts = Array.from({ length: 200 }, (_, i) => {
        const node = nodes[i % nodes.length] ?? store;
        const address = addresses[i % addresses.length] ?? aPlace();
        return node.takePlaces({ places: [account, address], now });
      });
      const results = await Promise.all(attempts);
      assert.equal(results.filter((it) => it.status === 'taken').length, account.rule.free);
      // What was refused gave its other place back.
      const counted = await Promise.all(addresses.map((it) => stateOf(store, it)));
      const total = counted.reduce((sum, it) => sum + (it?.attempts ?? 0), 0);
      assert.equal(total, account.rule.free);

      // After the wait there is one more.
      const later = await Promise.all(
        nodes.flatMap((node) =>
          Array.from({ length: 10 }, () =>
            node.takePlaces({ places: [account], now: now + 1_000 }),
          ),
        ),
      );
      assert.equal(later.filter((it) => it.status === 'taken').length, 1);
    } finally {
      await Promise.all(nodes.slice(1).map((it) => it.close()));
      await remove();
    }
  });
}
