import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_ACCESS_TTL } from '../../../src/auth/ports/revocations.ts';
import { latestEvents } from '../../support/events.ts';
import { actNames, acts, signUpForAct } from '../acts.ts';
import { anEvent, aProof, aSession, unique } from '../records.ts';
import { isRecorded, newestSeq, type OpenDatabase, revoking, signUp } from './harness.ts';

/** These see the whole log, so each has a database of its own. */
export function revocationTests(open: OpenDatabase): void {
  test('the log keeps its order, and lists entries that are new and live', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    assert.deepEqual(await store.listRevocations({ after: 0, now: 0 }), {
      revocations: [],
      lastSeq: 0,
    });
    const made = [];
    for (const issuedUntil of [5_000, 4_000, 6_000]) {
      const event = anEvent({ type: 'token_revoked' });
      const result = await store.revokeToken({ jti: unique('jti'), issuedUntil, event });
      assert.equal(result.found, true);
      assert.ok(await isRecorded(store, event.id));
      made.push(...result.revocations);
    }
    const seqs = made.map((it) => it.seq);
    assert.deepEqual(
      seqs,
      [...seqs].sort((a, b) => a - b),
    );
    const list = (after: number, now: number) => store.listRevocations({ after, now });
    const [first, second, third] = made;
    const lastSeq = third?.seq ?? 0;
    assert.deepEqual(await list(0, 0), { revocations: made, lastSeq });
    assert.deepEqual(await list(first?.seq ?? 0, 0), { revocations: [second, third], lastSeq });
    assert.deepEqual(await list(0, 4_000), { revocations: [first, third], lastSeq });
    assert.deepEqual(await list(lastSeq, 0), { revocations: [], lastSeq });
    assert.deepEqual(await list(0, 9_000), { revocations: [], lastSeq });
  });

  test('a token can be revoked twice', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const jti = unique('jti');
    await store.revokeToken({ jti, ...revoking() });
    const { revocations } = await store.revokeToken({ jti, ...revoking() });
    const [entry] = revocations;
    assert.deepEqual(
      { ...entry, seq: 0 },
      { seq: 0, kind: 'token', subject: jti, version: 0, expiresAt: 9_000 },
    );
    assert.equal(entry?.seq, await newestSeq(store));
  });

  test('every entry outlives the longest lifetime of access tokens at the time it is written', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const kinds = new Set<string>();
    for (const [seconds, name] of actNames.entries()) {
      await store.setMax({ name: LONGEST_ACCESS_TTL, value: seconds });
      const given = await signUpForAct(store);
      const after = await newestSeq(store);
      const answer = Object(await acts[name](store, given));
      const { revocations } = await store.listRevocations({ after, now: 0 });
      assert.deepEqual(answer.revocations ?? [], revocations, name);
      for (const { kind, expiresAt } of revocations) {
        assert.equal(expiresAt, 9_000 + seconds * 1_000, name);
        kinds.add(kind);
      }
    }
    assert.deepEqual(kinds, new Set(['session', 'user', 'token', 'key']));
  });

  test('pruning removes expired rows alone, a few at a time', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    const { user } = await signUp(store, 0);
    for (const expiresAt of [4_000, 5_000, 5_001]) {
      const session = aSession(user.id, { expiresAt });
      await store.openSession({ session, proof: aProof(user), event: anEvent() });
    }
    for (const issuedUntil of [4_000, 5_001, 5_000, 4_000]) {
      await store.revokeToken({ jti: unique('jti'), issuedUntil, event: anEvent() });
    }
    const lastSeq = await newestSeq(store);
    const removed = [];
    for (let i = 0; i < 4; i++)
      removed.push((await store.purgeExpired({ now: 5_000, limit: 3 })).removed);
    // Two sessions and two entries; the newest entry stays although it is dead.
    assert.deepEqual(removed, [3, 1, 0, 0]);
    const sessions = await store.listSessions({ userId: user.id, now: 0, limit: 1_000 });
    assert.deepEqual(
      sessions.map((it) => it.expiresAt),
      [5_001],
    );
    const log = await store.listRevocations({ after: 0, now: 0 });
    assert.deepEqual(
      log.revocations.map((it) => it.expiresAt),
      [5_001, 4_000],
    );
    assert.equal(log.lastSeq, lastSeq);
    await store.revokeToken({ jti: unique('jti'), ...revoking() });
    assert.equal(await newestSeq(store), lastSeq + 1);
  });

  test('pruning removes events only if asked to, the oldest first', async (t) => {
    const { store, remove } = await open();
    t.after(remove);
    for (const id of ['0190-5', '0190-3', '0190-4', '0190-6'])
      await store.recordEvent(anEvent({ id }));
    const left = async () => (await latestEvents(store, null, 9)).map((it) => it.id).reverse();
    assert.deepEqual(await store.purgeExpired({ now: 5_000, limit: 3 }), { removed: 0 });
    assert.equal((await left()).length, 4);
    const purge = (limit: number) =>
      store.purgeExpired({ now: 5_000, limit, eventsBefore: '0190-6' });
    assert.deepEqual(await purge(2), { removed: 2 });
    assert.deepEqual(await left(), ['0190-5', '0190-6']);
    assert.deepEqual(await purge(2), { removed: 1 });
    assert.deepEqual(await left(), ['0190-6']);
  });
}
