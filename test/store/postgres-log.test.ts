import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openPostgresStore } from '../../src/store/index.ts';
import { somebodyWaits, startPostgres } from '../support/postgres.ts';
import { anyAge, unique } from './records.ts';
import { newestSeq, revoking, signIn } from './suite/harness.ts';

const server = await startPostgres();

const sharedUrl = await server.createDatabase();

async function open(t: { after(work: () => unknown): void }, poolSize = 4) {
  const stores = [
    await openPostgresStore({ url: sharedUrl, poolSize }),
    await openPostgresStore({ url: sharedUrl }),
  ];
  const outsider = await server.connect(sharedUrl);
  t.after(() => Promise.all([...stores.map((it) => it.close()), outsider.end()]));
  const [store, other] = stores;
  assert.ok(store && other);
  return { store, other, outsider };
}

const append = (jti: string) => ({
  text: `insert into revocations (kind, subject, version, expires_at)
    values ('token', $1, 0, 9000) returning seq`,
  values: [jti],
});

for (const end of ['commit', 'rollback'] as const) {
  test(`an entry waits for the ${end} of the one before it, so no reader can skip an entry`, async (t) => {
    const { store, other, outsider } = await open(t);
    const after = await newestSeq(store);
    const [earlier, later] = [unique('jti'), unique('jti')];
    await outsider.query('begin');
    await outsider.query(append(earlier));

    const revoked = store.revokeToken({ jti: later, ...revoking() });
    const watcher = await server.connect(sharedUrl);
    t.after(() => watcher.end());
    const overtook = revoked.then(() => 'overtook');
    const waits = somebodyWaits(watcher).then(() => 'waits');
    assert.equal(await Promise.race([overtook, waits]), 'waits');
    // The earlier entry has a lower number and is not to be seen yet: nor may the later one be.
    const before = await other.listRevocations({ after, now: 0 });
    assert.deepEqual(before, { revocations: [], lastSeq: after });

    await outsider.query(end);
    await revoked;
    const { revocations } = await other.listRevocations({ after: before.lastSeq, now: 0 });
    const expected = end === 'commit' ? [earlier, later] : [later];
    assert.deepEqual(
      revocations.map((it) => it.subject),
      expected,
    );
  });
}

test('a verb that revokes nothing does not wait for one that revokes', async (t) => {
  const { store, outsider } = await open(t);
  const { user, session } = await signIn(store);
  await outsider.query('begin');
  await outsider.query(append(unique('jti')));
  const refresh = { sessionId: session.id, generation: 0, now: 100_000, grace: 0 };
  const rotated = await store.rotateSession({
    ...refresh,
    expiresAt: 900_000,
    ...anyAge,
    ...revoking(),
  });
  assert.equal(rotated.status, 'rotated');
  await signIn(store);
  assert.deepEqual(await store.findUser({ id: user.id }), user);
  await outsider.query('rollback');
});

test('readers of a growing log miss no entry', async (t) => {
  const { store, other } = await open(t, 10);
  const start = await newestSeq(store);
  const written = new Set<string>();
  const writers = Array.from({ length: 10 }, async () => {
    for (let i = 0; i < 30; i++) {
      const jti = unique('jti');
      await store.revokeToken({ jti, ...revoking() });
      written.add(jti);
    }
  });
  const writing = Promise.all(writers);
  let done = false;
  void writing.then(() => {
    done = true;
  });
  const read = new Set<string>();
  for (let after = start, last = false; !last; ) {
    last = done;
    const { revocations, lastSeq } = await other.listRevocations({ after, now: 0 });
    for (const { subject } of revocations) read.add(subject);
    after = lastSeq;
  }
  await writing;
  assert.equal(written.size, 300);
  assert.deepEqual(read, written);
});

test('a listener is called for entries of other nodes, and after a lost connection', async (t) => {
  const { store, other, outsider } = await open(t);
  const calls = new EventTarget();
  const called = () => once(calls, 'call', { signal: AbortSignal.timeout(10_000) });
  let subscribed = called();
  const unsubscribe = await store.subscribe?.(() => calls.dispatchEvent(new Event('call')));
  assert.ok(unsubscribe);
  await subscribed;

  const heard = called();
  await other.revokeToken({ jti: unique('jti'), ...revoking() });
  await heard;

  subscribed = called();
  const listeners = `select pg_terminate_backend(pid) from pg_stat_activity
    where query like 'listen %' and datname = current_database()`;
  assert.equal((await outsider.query(listeners)).rowCount, 1);
  await subscribed;
  const heardAgain = called();
  await other.revokeToken({ jti: unique('jti'), ...revoking() });
  await heardAgain;
  await unsubscribe();
});
