import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import type { Caller } from '../../src/auth/audit/caller.ts';
import type { ChainReport } from '../../src/auth/audit/chain/verify/report.ts';
import type { Auth } from '../../src/auth/auth.ts';
import { createAuth } from '../../src/auth/create-auth.ts';
import { Lease } from '../../src/auth/lease.ts';
import type { AuthSettings } from '../../src/auth/settings.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { createTestRandom, TEST_SETTINGS, TestClock, TestHasher } from '../support/auth.ts';

const PASSWORD = 'correct horse';
const caller: Caller = {
  actor: { kind: 'anonymous', id: null },
  address: '203.0.113.77',
  userAgent: 'A recognisable browser',
};

/** The domain on a file, and a way to the file past it, as a thief without the secret has. */
async function openChain(t: TestContext, changes: Partial<AuthSettings> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-chain-'));
  const path = join(folder, 'a.db');
  const store = await openSqliteStore({ path, thread: 'inline' });
  const db = new DatabaseSync(path);
  t.after(async () => {
    db.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = new TestClock();
  const random = createTestRandom();
  const ports = { store, clock, random, hasher: new TestHasher() };
  const start = (more: Partial<AuthSettings> = {}) =>
    createAuth({ settings: { ...TEST_SETTINGS, ...changes, ...more }, ...ports });
  const auth = await start();
  const lease = new Lease({ store, clock, random, name: 'audit-seal', termMs: 1_000 });
  const seal = async (by: Auth = auth, limit = 1_000) => {
    assert.ok(await lease.take());
    assert.ok(lease.fence);
    return by.auditChain.sealer.seal(lease.fence, limit);
  };
  /** Records failed sign-ins, and seals them. */
  const grow = async (count: number, by: Auth = auth) => {
    clock.step(1);
    const login = () =>
      by.login({ username: 'nobody', password: PASSWORD }, caller).catch(() => {});
    await Promise.all(Array.from({ length: count }, login));
    await seal(by);
  };
  const run = (text: string, ...values: (string | number | null)[]) =>
    db.prepare(text).run(...values);
  return { auth, store, db, run, clock, lease, seal, grow, start };
}

function kindsOf({ findings }: ChainReport): (string | number)[][] {
  return findings.map(({ kind, from, to }) => (from === to ? [kind, from] : [kind, from, to]));
}

test('Events are numbered and verified, with the head to keep and the tail that is not sealed', async (t) => {
  const { auth, grow, clock } = await openChain(t);
  const empty = await auth.auditChain.verify();
  assert.deepEqual([empty.isIntact, empty.head, empty.verified], [true, null, 0]);
  await grow(4);
  const report = await auth.auditChain.verify();
  assert.deepEqual(kindsOf(report), []);
  assert.deepEqual([report.first?.seq, report.last?.seq, report.verified], [1, 4, 4]);
  assert.match(report.head ?? '', /^4\.[\w-]{43}$/);
  assert.deepEqual([report.adopted, report.erased, report.unsealed.count], [0, 0, 0]);
  await auth.login({ username: 'nobody', password: PASSWORD }, caller).catch(() => {});
  const { unsealed } = await auth.auditChain.verify();
  assert.deepEqual(unsealed, { count: 1, oldestAt: clock.ms });
});

test('Verification finds each kind of tampering, where it is, and nothing else', async (t) => {
  const chain = await openChain(t);
  const { auth, db, run } = chain;
  await chain.grow(12);
  const before = await auth.auditChain.verify();
  assert.ok(before.isIntact);
  const [seqText = '', mac = ''] = before.head?.split('.') ?? [];
  const head = { seq: Number(seqText), mac };
  assert.equal(head.seq, 12);
  const swap = (a: number, b: number) => {
    run('update audit_events set seq = -1 where seq = ?', a);
    run('update audit_events set seq = ? where seq = ?', a, b);
    run('update audit_events set seq = ? where seq = -1', b);
  };
  const move = (from: number, by: number) => {
    run('update audit_events set seq = -seq where seq >= ?', from);
    run('update audit_events set seq = -seq + ? where seq < 0', by);
  };
  const copy = (seq: number) =>
    run(
      `insert into audit_events (id, at, type, address, user_agent, actor_kind, subject_kind, reason, salt, digest, origin, seq, mac, sealed_at)
        select 'forged', at, type, address, user_agent, actor_kind, subject_kind, reason, salt, digest, origin, ?, mac, sealed_at
        from audit_events where seq = 3`,
      seq,
    );
  const tamperings: [string, () => unknown, (string | number)[][]][] = [
    [
      'a type',
      () => run(`update audit_events set type = 'login_succeeded' where seq = 5`),
      [['changed', 5]],
    ],
    ['a time', () => run('update audit_events set at = at - 1 where seq = 1'), [['changed', 1]]],
    [
      'the last event',
      () => run('update audit_events set reason = null where seq = 12'),
      [['changed', 12]],
    ],
    [
      'an address',
      () => run(`update audit_events set address = '192.0.2.1' where seq = 5`),
      [['changed', 5]],
    ],
    [
      'a user agent removed',
      () => run('update audit_events set user_agent = null where seq = 5'),
      [['changed', 5]],
    ],
    [
      'an erasure of nobody',
      () =>
        run('update audit_events set address = null, user_agent = null, salt = null where seq = 5'),
      [['changed', 5]],
    ],
    [
      'two events',
      () => run(`update audit_events set session_id = 'x' where seq in (4, 9)`),
      [
        ['changed', 4],
        ['changed', 9],
      ],
    ],
    ['removed', () => run('delete from audit_events where seq = 6'), [['removed', 6]]],
    [
      'several removed',
      () => run('delete from audit_events where seq in (6, 7, 8)'),
      [['removed', 6, 8]],
    ],
    [
      'removed and closed up',
      () => [run('delete from audit_events where seq = 6'), move(7, -1)],
      [
        ['removed', 6],
        ['cut_off_at_end', 12],
      ],
    ],
    [
      'reordered',
      () => swap(4, 8),
      [
        ['reordered', 4],
        ['reordered', 8],
      ],
    ],
    [
      'reordered neighbours',
      () => swap(4, 5),
      [
        ['reordered', 4],
        ['reordered', 5],
      ],
    ],
    [
      'cut off at the end',
      () => run('delete from audit_events where seq > 9'),
      [['cut_off_at_end', 10, 12]],
    ],
    [
      'cut off at the start',
      () => run('delete from audit_events where seq < 4'),
      [['cut_off_at_start', 1, 3]],
    ],
    [
      'inserted in between',
      () => [move(6, 1), copy(6)],
      [
        ['inserted', 6],
        ['inserted', 13],
      ],
    ],
    ['inserted after the end', () => copy(13), [['inserted', 13]]],
    ['inserted before the start', () => copy(0), [['inserted', 0]]],
    [
      'the state',
      () =>
        run(
          `update facts set value = replace(value, '"adoptedUpTo":0', '"adoptedUpTo":9') where name = 'audit_chain'`,
        ),
      [['unverifiable', 0]],
    ],
    ['no state', () => run(`delete from facts where name = 'audit_chain'`), [['unverifiable', 0]]],
    [
      'all of it',
      () => [run(`delete from facts where name = 'audit_chain'`), run('delete from audit_events')],
      [['cut_off_at_end', 1, 12]],
    ],
  ];
  for (const [name, tamper, expected] of tamperings) {
    db.exec(
      'create table copy_events as select * from audit_events; create table copy_facts as select * from facts',
    );
    tamper();
    const report = await auth.auditChain.verify({ head });
    assert.deepEqual(kindsOf(report), expected, name);
    assert.equal(report.isIntact, false);
    db.exec(`delete from audit_events; insert into audit_events select * from copy_events;
      delete from facts; insert into facts select * from copy_facts;
      drop table copy_events; drop table copy_facts`);
    assert.ok((await auth.auditChain.verify({ head })).isIntact, name);
  }
});

test('An earlier state of the whole database shows by a head that was kept', async (t) => {
  const { auth, db, grow } = await openChain(t);
  await grow(4);
  db.exec(
    'create table copy_events as select * from audit_events; create table copy_facts as select * from facts',
  );
  await grow(3);
  const { head: text } = await auth.auditChain.verify();
  const [seq = '', mac = ''] = text?.split('.') ?? [];
  const head = { seq: Number(seq), mac };
  db.exec(`delete from audit_events; insert into audit_events select * from copy_events;
    delete from facts where name = 'audit_chain';
    insert into facts select * from copy_facts where name = 'audit_chain'`);
  assert.ok((await auth.auditChain.verify()).isIntact, 'the database alone does not show it');
  assert.deepEqual(kindsOf(await auth.auditChain.verify({ head })), [['cut_off_at_end', 5, 7]]);
  // A server that ran meanwhile notices, and records it.
  await grow(1);
  assert.deepEqual(kindsOf(await auth.auditChain.verify()), [
    ['removed', 5, 7],
    ['unverifiable', 7],
  ]);
});

test('An event that no server wrote is sealed as such, and found', async (t) => {
  const { auth, run, grow, store } = await openChain(t);
  await grow(2);
  const forge = (id: string, type: string) =>
    run(
      `insert into audit_events (id, at, type, user_id, subject_kind, actor_kind) values (?, 5, ?, 'jane', 'user', 'operator')`,
      id,
      type,
    );
  forge('forged', 'user_enabled');
  await auth.login({ username: 'nobody', password: PASSWORD }, caller).catch(() => {});
  run(`update audit_events set address = '192.0.2.1' where seq is null and address is not null`);
  await grow(1);
  const report = await auth.auditChain.verify();
  assert.deepEqual(
    report.findings.map(({ kind, id }) => [kind, id === 'forged']),
    [
      // Its address was changed before it was sealed.
      ['inserted', false],
      ['inserted', true],
    ],
  );
  assert.equal((await store.countUnsealed()).count, 0);
});

test('Events from before the chain are sealed as they are found', async (t) => {
  const { auth, run, grow } = await openChain(t);
  for (const at of [1, 2, 3]) {
    run(
      `insert into audit_events (id, at, type, user_id, address) values (?, ?, 'login_failed', 'jane', '192.0.2.7')`,
      `0${at}`,
      at,
    );
  }
  await grow(2);
  const report = await auth.auditChain.verify();
  assert.deepEqual([report.isIntact, report.adopted, report.verified], [true, 3, 5]);
  run(`insert into audit_events (id, at, type, user_id) values ('04', 4, 'login_failed', 'jane')`);
  await grow(1);
  const later = await auth.auditChain.verify();
  assert.deepEqual(later.counts, { inserted: 1 });
});

test('Only the holder of the lease seals, and an event that is committed late is not lost', async (t) => {
  const { auth, grow, lease, store, seal, clock } = await openChain(t);
  await grow(2);
  const late = { fence: lease.fence };
  const other = new Lease({
    store,
    clock,
    random: createTestRandom('b'),
    name: 'audit-seal',
    termMs: 1_000,
  });
  assert.equal(await other.take(), false);
  clock.step(2);
  assert.equal(await other.take(), true);
  await auth.login({ username: 'nobody', password: PASSWORD }, caller).catch(() => {});
  assert.ok(late.fence);
  // It was suspended, and does not know yet that it lost the lease.
  assert.deepEqual(await auth.auditChain.sealer.seal(late.fence, 10), {
    count: 0,
    hasMore: false,
    isRefused: true,
  });
  assert.equal((await store.countUnsealed()).count, 1);
  assert.ok(other.fence);
  assert.equal((await auth.auditChain.sealer.seal(other.fence, 10)).count, 1);
  await other.release();
  assert.equal(await lease.take(), false, 'the first attempt tells it that it lost the lease');
  // Its id is that of a moment long before what is sealed.
  clock.set(-3600);
  await auth.login({ username: 'nobody', password: PASSWORD }, caller).catch(() => {});
  clock.set(3600);
  assert.equal((await seal()).count, 1);
  const report = await auth.auditChain.verify();
  assert.deepEqual([report.isIntact, report.verified], [true, 4]);
});

test('Deleting a person and retention leave the chain verifiable', async (t) => {
  const { auth, db, grow, clock, run } = await openChain(t, { auditRetention: 90 * 86_400 });
  const jane = await auth.register({ username: 'jane', password: PASSWORD }, caller);
  await grow(300);
  const fail = () =>
    auth.login({ username: 'jane', password: 'wrong password' }, caller).catch(() => {});
  await Promise.all(Array.from({ length: 300 }, fail));
  await grow(1);
  await auth.users.delete(jane.user.id);
  const left = `select count(*) as n from audit_events where user_id = ? and (address is not null or user_agent is not null or salt is not null)`;
  assert.deepEqual({ ...db.prepare(left).get(jane.user.id) }, { n: 0 });
  assert.deepEqual({ ...db.prepare('select count(*) as n from audit_erasures').get() }, { n: 0 });
  assert.ok((await auth.auditChain.verify()).isIntact, 'before its deletion is sealed');
  await grow(1);
  const report = await auth.auditChain.verify();
  assert.deepEqual([report.isIntact, report.erased], [true, 301]);

  clock.step(80 * 86_400);
  await grow(5);
  clock.step(15 * 86_400);
  while (await auth.purgeExpired(50));
  const cut = await auth.auditChain.verify();
  assert.deepEqual([cut.isIntact, cut.verified], [true, 5]);
  assert.deepEqual(
    cut.checkpoints.map(({ cause, seq }) => [cause, seq]),
    [['retention', report.last?.seq]],
  );
  run('delete from audit_events where seq = ?', cut.first?.seq ?? 0);
  assert.deepEqual((await auth.auditChain.verify()).counts, { cut_off_at_start: 1 });
});

test('An event about a deleted person that is committed late loses its address when it is sealed', async (t) => {
  const { auth, db, grow, store } = await openChain(t);
  const jane = await auth.register({ username: 'jane', password: PASSWORD }, caller);
  const recordEvent = store.recordEvent.bind(store);
  // The sign-in has found the user and is refused after the user was deleted.
  Object.assign(store, {
    async recordEvent(event: never) {
      await auth.users.delete(jane.user.id);
      Object.assign(store, { recordEvent });
      return recordEvent(event);
    },
  });
  await auth.login({ username: 'jane', password: 'wrong password' }, caller).catch(() => {});
  const count = () =>
    Number(
      db
        .prepare('select count(*) as n from audit_events where user_id = ? and address is not null')
        .get(jane.user.id)?.['n'],
    );
  assert.equal(count(), 1);
  await grow(1);
  assert.equal(count(), 0);
  assert.ok((await auth.auditChain.verify()).isIntact);
});

test('After a leak the chain goes on under a new key, and both parts are verified', async (t) => {
  const { auth, run, grow, clock, start } = await openChain(t);
  await grow(3);
  const secret = 'mGc9UeAXq3vN8rT1yLw6ZpB0dKf5HsJ2';
  await auth.secretRotation.rotate({ secret, compromised: true, overlapSeconds: 86_400 });
  await grow(2);
  const both = await auth.auditChain.verify();
  assert.deepEqual(
    [both.isIntact, ...both.checkpoints.map(({ cause, seq }) => [cause, seq])],
    [true, ['start', 0], ['secret', 3]],
  );
  const renewed = await start({ secret });
  await renewed.secretRotation.finish();
  clock.step(3);
  await grow(2, renewed);
  const report = await renewed.auditChain.verify();
  assert.ok(report.isIntact);
  // The old key is gone, so the place cannot be told, but the change can.
  run('update audit_events set reason = null where seq = 2');
  assert.deepEqual(kindsOf(await renewed.auditChain.verify()), [['changed', 1, 3]]);
});
