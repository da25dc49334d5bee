import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { createAuth } from '../../src/auth/create-auth.ts';
import { Lease } from '../../src/auth/lease.ts';
import type { Store } from '../../src/auth/ports/store.ts';
import { InvalidSetting } from '../../src/kernel/errors.ts';
import { createUuid } from '../../src/kernel/uuid.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { PurgeJob } from '../../src/system/purge-expired.ts';
import { createTestRandom, TEST_SETTINGS, TestClock, TestHasher } from '../support/auth.ts';
import { testOptions } from '../support/server.ts';

/** In all; 100000 is what a large installation may have after a long night. */
const rows = repetitionsOf('TEST_EXPIRED_ROWS');
const day = 24 * 3600;
const now = Date.UTC(2026, 0, 1);

/** A database full of what has expired, with a few rows that have not. */
async function openFull(t: TestContext): Promise<{ store: Store; count: () => number[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-housekeeping-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.db');
  const store = await openSqliteStore({ path });
  t.after(() => store.close());
  const db = new DatabaseSync(path);
  t.after(() => db.close());
  const random = createTestRandom();
  const idAt = (ms: number) => createUuid({ now: () => ms }, random);
  const sessions = db.prepare(
    `insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time, user_agent, epoch)
      values (?, 'jane', 0, 1, ?, 1, 1, 'a browser of a common length, as they are', 0)`,
  );
  const revocations = db.prepare(
    `insert into revocations (kind, subject, version, expires_at) values ('session', ?, 0, ?)`,
  );
  const events = db.prepare(
    `insert into audit_events (id, at, type, user_id) values (?, ?, 'login_succeeded', 'jane')`,
  );
  db.exec('begin');
  db.exec(
    `insert into users (id, username, username_key, roles, profile, token_version, created_at, updated_at)
      values ('jane', 'jane', 'jane', '[]', '{}', 0, 1, 1)`,
  );
  const old = now - 91 * day * 1000;
  for (let i = 0; i < rows / 3; i++) {
    sessions.run(idAt(old + ((i * 7_919_000) % (80 * day * 1000))), now - i);
    revocations.run(idAt(old), now - i);
    events.run(idAt(old + i), old + i);
  }
  sessions.run(idAt(now), now + 1);
  revocations.run(idAt(now), now + 1);
  events.run(idAt(now - 89 * day * 1000), now - 89 * day * 1000);
  db.exec('commit');
  const count = () =>
    ['sessions', 'revocations', 'audit_events'].map((table) => {
      const { n } = db.prepare(`select count(*) as n from ${table}`).get() ?? {};
      return Number(n);
    });
  return { store, count };
}

async function keepHouse(store: Store, retention: number | undefined): Promise<PurgeJob> {
  // Real time decides how much a batch may remove; what has expired is decided by the clock of the domain.
  const clock = new TestClock(now);
  const random = createTestRandom();
  const settings = { ...TEST_SETTINGS, auditRetention: retention };
  const auth = await createAuth({ settings, store, clock, random, hasher: new TestHasher() });
  const lease = new Lease({ store, clock, random, name: 'housekeeping', termMs: 1_000 });
  return new PurgeJob(auth, lease, { now: () => performance.now() });
}

test('It removes what has expired and nothing else, in batches that take little time', async (t) => {
  const { store, count } = await openFull(t);
  const took: number[] = [];
  const worked: number[] = [];
  let largest = 0;
  const watched: Store = {
    ...store,
    async purgeExpired(args) {
      const [start, work] = [performance.now(), process.cpuUsage()];
      const answer = await store.purgeExpired(args);
      took.push(performance.now() - start);
      const { user, system } = process.cpuUsage(work);
      worked.push((user + system) / 1000);
      largest = Math.max(largest, args.limit);
      return answer;
    },
  };
  const start = performance.now();
  const housekeeping = await keepHouse(watched, 90 * day);
  await housekeeping.run();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  assert.deepEqual(count(), [1, 1, 1]);
  t.diagnostic(
    `${rows} rows in ${took.length} batches of at most ${largest} and ${seconds} s; one batch took ${describe(took)}, of which it worked ${describe(worked)}`,
  );
  // Waiting, for the disk and for a turn on a busy machine, is shown and not judged; nor is the work of the
  // greatest few, which has the collection of garbage in it.
  assert.ok(quantile(worked, 0.95) < 20);
});

function quantile(times: readonly number[], q: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(q * times.length) - 1] ?? 0;
}

function describe(times: readonly number[]): string {
  const at = (q: number) => quantile(times, q).toFixed(1);
  return `${at(0.5)} ms in the median, p99 ${at(0.99)} ms, ${at(1)} ms at most`;
}

test('Batches shrink where the database is slow, and grow where it is fast', async () => {
  let time = 0;
  let speed = 1;
  const limits: number[] = [];
  const auth = {
    async purgeExpired(limit: number) {
      limits.push(limit);
      time += limit * speed;
      return limits.length % 40 > 0;
    },
  };
  const lease = { take: async () => true };
  // Only these parts of them are used.
  const housekeeping = new PurgeJob(auth as never, lease as never, { now: () => time });
  await housekeeping.run();
  assert.equal(limits.at(-1), 5);
  speed = 0.001;
  await housekeeping.run();
  assert.equal(limits.at(-1), 200);
});

test('It stops after the batch that is under way', async (t) => {
  const { store, count } = await openFull(t);
  const housekeeping = await keepHouse(
    {
      ...store,
      purgeExpired(args) {
        housekeeping.stop();
        return store.purgeExpired(args);
      },
    },
    90 * day,
  );
  const before = count();
  await housekeeping.run();
  const gone = before.map((n, at) => n - (count()[at] ?? 0));
  assert.deepEqual(gone, [20, 0, 0]);
});

test('It leaves the work to the node that has the lease, and keeps events without end if told to', async (t) => {
  const { store, count } = await openFull(t);
  const other = new Lease({
    store,
    clock: new TestClock(now),
    random: createTestRandom('other'),
    name: 'housekeeping',
    termMs: 1_000,
  });
  assert.equal(await other.take(), true);
  const housekeeping = await keepHouse(store, undefined);
  const before = count();
  await housekeeping.run();
  assert.deepEqual(count(), before);
  await other.release();
  await housekeeping.run();
  assert.deepEqual(count(), [1, 1, before[2]]);
});

test('The retention is checked when Latchkey is opened', async () => {
  const open = (auditRetention: number | string | false) =>
    openLatchkey({ ...testOptions(), auditRetention });
  await assert.rejects(open('1h'), InvalidSetting);
  await assert.rejects(open(-1), /auditRetention: "-1" is not a duration/);
  const kept = [];
  for (const retention of ['30d', 2 * day, false] as const) {
    const opened = await open(retention);
    kept.push(opened.settings.auditRetention);
    await opened.close();
  }
  assert.deepEqual(kept, [30 * day, 2 * day, undefined]);
});
