import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import type { Store } from '../../src/auth/ports/store.ts';
import { InvalidSetting, StoreUnavailable } from '../../src/kernel/errors.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { createPostgresSql } from '../../src/store/postgres/dialect.ts';
import { awaitSteps } from '../../src/store/sql/steps.ts';
import { somebodyWaits, startPostgres } from '../support/postgres.ts';
import { startSilentProxy } from '../support/silent-proxy.ts';
import {
  assertLateEvents,
  assertOldEvents,
  insertLateEvents,
  insertOldEvents,
} from './old-events.ts';
import { createOldSchema } from './old-schema.ts';
import { anEvent, anyAge, aProof, aSession, unique } from './records.ts';
import { revoking, signIn, signUp } from './suite/harness.ts';

type Context = { after(work: () => unknown): void };

const server = await startPostgres();
const sharedUrl = await server.createDatabase();

/** A store on the database that most tests share, for it takes a while to make one. */
async function open(
  t: Context,
  options: { url?: string; poolSize?: number; statementTimeoutMs?: number } = {},
) {
  const { url = sharedUrl } = options;
  const store = await openPostgresStore({ connectTimeoutMs: 1_000, ...options, url });
  const outsider = await server.connect(url);
  t.after(() => Promise.all([store.close(), outsider.end()]));
  return { url, store, outsider };
}

const unavailable = (pattern: RegExp) => (error: unknown) =>
  error instanceof StoreUnavailable && error.retryAfter >= 1 && pattern.test(error.message);

/** Answers a URL like `url` that leads to this server. */
async function listen(t: Context, proxy: Server, url: string): Promise<string> {
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  t.after(() => proxy.close());
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  return through.href;
}

test('of five nodes that start at the same time, one migrates and all work', async (t) => {
  const url = await server.createDatabase();
  const starts = Array.from({ length: 5 }, () => openPostgresStore({ url, poolSize: 2 }));
  const stores = await Promise.all(starts);
  t.after(() => Promise.all(stores.map((it) => it.close())));
  for (const store of stores) await signUp(store);
  const outsider = await server.connect(url);
  t.after(() => outsider.end());
  const { rows } = await outsider.query('select version from latchkey_migrations order by version');
  assert.deepEqual(
    rows.map((it) => Number(it.version)),
    rows.map((_, index) => index + 1),
  );
});

test('a database of a newer version is refused', async (t) => {
  const url = await server.createDatabase();
  const { outsider } = await open(t, { url });
  await outsider.query("insert into latchkey_migrations values (99, 'from the future')");
  await assert.rejects(openPostgresStore({ url }), unavailable(/newer version of Latchkey/));
});

test('a wrong password and a missing database are reported without quoting the URL', async () => {
  for (const part of ['password', 'pathname'] as const) {
    const url = new URL(sharedUrl);
    url[part] = 'nothing-of-the-kind';
    await assert.rejects(openPostgresStore({ url: url.href }), (error) => {
      assert.ok(unavailable(/refused the connection/)(error));
      assert.doesNotMatch(String(error), /nothing-of-the-kind/);
      return true;
    });
  }
});

test('a parameter of the URL that is not a number stops the start', async () => {
  for (const parameter of ['pool_size=many', 'statement_timeout=0', 'connect_timeout=1.5']) {
    const url = `postgres://127.0.0.1:1/x?${parameter}`;
    await assert.rejects(openPostgresStore({ url }), InvalidSetting);
  }
});

test('pool size, statement timeout and name are taken from the URL', async (t) => {
  const url = `${sharedUrl}?pool_size=3&statement_timeout=1234&application_name=a`;
  const store = await openPostgresStore({ url });
  t.after(() => store.close());
  await Promise.all(Array.from({ length: 20 }, () => store.ping()));
  const outsider = await server.connect(sharedUrl);
  t.after(() => outsider.end());
  const count = "select from pg_stat_activity where application_name = 'a'";
  assert.equal((await outsider.query(count)).rowCount, 3);
});

test('the store does not wait for a server that is silent', async (t) => {
  const silent = createServer(() => {});
  const url = await listen(t, silent, sharedUrl);
  await assert.rejects(
    openPostgresStore({ url, connectTimeoutMs: 100 }),
    unavailable(/does not answer/),
  );
});

test('a statement that waits too long is given up and has no effect', async (t) => {
  const { store, outsider } = await open(t, { statementTimeoutMs: 1_000 });
  const { user } = await signIn(store);
  await outsider.query('begin');
  await outsider.query('select from users where id = $1 for update', [user.id]);
  const args = { userId: user.id, now: 2_000, ...revoking() };
  await assert.rejects(store.endAllSessions(args), unavailable(/too long/));
  await outsider.query('rollback');
  assert.deepEqual(await store.findUser({ id: user.id }), user);
  assert.equal((await store.endAllSessions(args)).found, true);
});

test('a call waits for a connection no longer than the limit', async (t) => {
  const { store, outsider } = await open(t, { poolSize: 1 });
  const { user } = await signIn(store);
  await outsider.query('begin');
  await outsider.query('select from users where id = $1 for update', [user.id]);
  const waiting = store.endAllSessions({ userId: user.id, now: 2_000, ...revoking() });
  await assert.rejects(store.ping(), unavailable(/does not answer/));
  await outsider.query('rollback');
  assert.equal((await waiting).found, true);
  await store.ping();
});

test('a server without free connections is reported, and existing connections go on working', async (t) => {
  const url = await server.createDatabase();
  const outsider = await server.connect(url);
  await outsider.query("create role few login password 'x' connection limit 2");
  await outsider.query('grant all on schema public to few');
  await outsider.end();
  const login = new URL(url);
  [login.username, login.password] = ['few', 'x'];
  const store = await openPostgresStore({ url: login.href, poolSize: 4 });
  t.after(() => store.close());
  const pings = await Promise.allSettled(Array.from({ length: 4 }, () => store.ping()));
  const refused = pings.filter((it) => it.status === 'rejected');
  assert.equal(refused.length, 2);
  for (const { reason } of refused) assert.ok(unavailable(/has no connection left/)(reason));
  await store.ping();
});

test('a database that becomes read-only refuses writes and still answers reads', async (t) => {
  const { store, outsider } = await open(t, { url: await server.createDatabase() });
  const { user } = await signIn(store);
  const setReadOnly = async (value: 'on' | 'off') => {
    const { rows } = await outsider.query('select current_database() as name');
    await outsider.query(
      `alter database ${rows[0].name} set default_transaction_read_only = ${value}`,
    );
    await outsider.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database()`);
  };
  await setReadOnly('on');
  // The connections that were ended are found out at their next use at the latest.
  await assert.doesNotReject(firstSuccess(() => store.ping()));
  await assert.rejects(store.recordEvent(anEvent()), unavailable(/read-only/));
  await assert.rejects(store.setMax({ name: 'x', value: 1 }), unavailable(/read-only/));
  assert.deepEqual(await store.findUser({ id: user.id }), user);
  await outsider.query('set default_transaction_read_only = off');
  await setReadOnly('off');
  await firstSuccess(() => store.ping());
  await store.recordEvent(anEvent());
});

test('a connection that breaks before the commit is confirmed acknowledges nothing', async (t) => {
  const { url, store } = await open(t);
  const { user } = await signIn(store);
  // Passes everything on, the COMMIT too, and cuts the line when the server has confirmed it.
  let cutting = false;
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    let committing = false;
    client.on('data', (data) => {
      committing = cutting && data.includes('COMMIT\0');
      upstream.write(data);
    });
    upstream.on('data', (data) => (committing ? client.destroy() : client.write(data)));
    for (const [one, another] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {}).on('close', () => another.destroy());
    }
  });
  const behind = await openPostgresStore({ url: await listen(t, proxy, url) });
  t.after(() => behind.close());
  cutting = true;
  const change = { userId: user.id, roles: ['new'], now: 2_000, ...revoking() };
  await assert.rejects(behind.setRoles(change), unavailable(/does not answer/));
  cutting = false;
  // It may have happened, and here it has. What was said is that it is not known.
  assert.deepEqual((await behind.findUser({ id: user.id }))?.roles, ['new']);
});

test('a transaction that is rolled back instead of committed acknowledges nothing', async (t) => {
  const { url, store } = await open(t);
  const { user } = await signIn(store);
  // Asks for a rollback in place of the commit. The server does the same when a transaction has failed.
  let spoiling = false;
  const query = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length + 5);
    return Buffer.concat([Buffer.from('Q'), length, Buffer.from(`${text}\0`)]);
  };
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    client.on('data', (data: Buffer) => {
      const isSpoilt = spoiling && data.equals(query('COMMIT'));
      upstream.write(isSpoilt ? query('ROLLBACK') : data);
    });
    upstream.pipe(client);
    for (const [one, another] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {}).on('close', () => another.destroy());
    }
  });
  const behind = await openPostgresStore({ url: await listen(t, proxy, url) });
  t.after(() => behind.close());
  spoiling = true;
  const change = { userId: user.id, roles: ['new'], now: 2_000, ...revoking() };
  await assert.rejects(behind.setRoles(change), StoreUnavailable);
  spoiling = false;
  assert.deepEqual((await store.findUser({ id: user.id }))?.roles, user.roles);
});

test('a listener notices that its network fell silent, and connects again', {
  timeout: 20_000,
}, async (t) => {
  const proxy = await startSilentProxy(t, sharedUrl);
  const store = await openPostgresStore({
    url: proxy.url,
    connectTimeoutMs: 500,
    closeTimeoutMs: 100,
    listenerCheckMs: 20,
  });
  t.after(() => store.close());
  const attempts = new EventEmitter();
  const connected = once(attempts, 'attempt');
  await store.subscribe?.(
    () => {},
    (reason) => attempts.emit('attempt', reason),
  );
  assert.deepEqual(await connected, [undefined]);
  const outsider = await server.connect(sharedUrl);
  t.after(() => outsider.end());
  // It asks again and again as long as it is answered.
  const times = new Set<unknown>();
  while (times.size < 3) {
    const { rows } = await outsider.query(
      `select query_start::text as at from pg_stat_activity
        where query = 'select 1' and datname = current_database()`,
    );
    for (const { at } of rows) times.add(at);
  }
  const failed = once(attempts, 'attempt');
  proxy.fallSilent();
  const [reason] = await failed;
  assert.ok(reason instanceof StoreUnavailable, 'a new attempt was made, and failed');
});

test('closing does not wait for a server that does not answer', { timeout: 20_000 }, async (t) => {
  const outsider = await server.connect(sharedUrl);
  t.after(() => outsider.end());
  const { user } = await signIn((await open(t)).store);
  const states = {
    idle: async () => {},
    'a statement under way': async (store: Store) => {
      await outsider.query('begin');
      await outsider.query('select from users where id = $1 for update', [user.id]);
      const args = { userId: user.id, now: 2_000, ...revoking() };
      const calls = [store.endAllSessions(args), store.endAllSessions(args), store.ping()];
      for (const call of calls) call.catch(() => {});
      await somebodyWaits(outsider);
    },
    'calls in turn': async (store: Store) => {
      for (const name of ['a', 'b', 'c']) store.setMax({ name, value: 1 }).catch(() => {});
    },
  };
  for (const [name, prepare] of Object.entries(states)) {
    const proxy = await startSilentProxy(t, sharedUrl);
    const store = await openPostgresStore({
      url: proxy.url,
      poolSize: 2,
      closeTimeoutMs: 100,
      // Longer than this test: what ends the statements is the closing.
      statementTimeoutMs: 60_000,
      connectTimeoutMs: 60_000,
    });
    await store.subscribe?.(() => {});
    await Promise.all([store.ping(), store.ping()]);
    await prepare(store);
    proxy.fallSilent();
    const listening = store.subscribe?.(() => {});
    const start = performance.now();
    await store.close();
    assert.ok(performance.now() - start < 5_000, name);
    await listening;
    await proxy.deserted();
    await outsider.query('rollback');
  }
});

test('events of version 0.1 name their actors, as far as that version recorded them', async (t) => {
  const url = await server.createDatabase();
  const outsider = await server.connect(url);
  t.after(() => outsider.end());
  await awaitSteps(createOldSchema(createPostgresSql(), 4), async ({ text, values }) => {
    return (await outsider.query(text, [...values])).rows;
  });
  await outsider.query(insertOldEvents());
  const store = await openPostgresStore({ url });
  t.after(() => store.close());
  await assertOldEvents(store);
  await outsider.query(insertLateEvents);
  await assertLateEvents(store);
});

/** What a newer version could do to the tables that statements read as a whole, one after another. */
const migrations = [
  'alter table users add column later text',
  `alter table sessions add column later bigint not null default 7;
    alter table users add column latest bigint not null default 7`,
  'alter table users drop column later; alter table sessions drop column later',
  'alter table users drop column latest; alter table sessions alter column scope type varchar',
  'alter table sessions alter column scope type text',
];

test('after a migration by a newer node, each call succeeds on any connection and writes once', async (t) => {
  const url = await server.createDatabase();
  const poolSize = 8;
  const { store, outsider } = await open(t, { url, poolSize });
  const watcher = await server.connect(url);
  t.after(() => watcher.end());
  const { user, session } = await signIn(store);
  let generation = 0;
  let now = 100_000;
  const expiresAt = 100_000_000;
  const acts: Record<string, () => Promise<unknown>> = {
    'a look at a user': () => store.findUser({ id: user.id }),
    'a look at a session': () => store.findSession({ sessionId: session.id, now: 2_000 }),
    'a login': () =>
      store.openSession({
        session: aSession(user.id),
        proof: aProof(user),
        event: anEvent(),
      }),
    'a refresh': () => {
      const order = { sessionId: session.id, generation, now, grace: 30_000, expiresAt };
      return store.rotateSession({ ...order, ...anyAge, ...revoking() });
    },
    'a change of sessions': async () => {
      const keep = { sessionId: session.id, expiresAt, ...anyAge };
      const change = { verifiedHash: null, newHash: user.passwordHash ?? '', keep, now };
      const { found } = await store.changePassword({ userId: user.id, ...change, ...revoking() });
      assert.ok(found);
    },
  };
  /** Lets every connection prepare the statements of an act: all of them wait for a table. */
  const prepareEverywhere = async (act: () => Promise<unknown>) => {
    await outsider.query('begin');
    await outsider.query('lock table users, sessions in access exclusive mode');
    const calls = Array.from({ length: poolSize }, act);
    const waiting = 'select from pg_locks where not granted';
    while ((await watcher.query(waiting)).rowCount !== poolSize);
    await outsider.query('commit');
    await Promise.allSettled(calls);
  };
  const count = async () => {
    const { rows } = await outsider.query(`select
      (select count(*) from audit_events)::int + (select sum(generation) from sessions)::int as writes`);
    return rows[0].writes;
  };
  for (const [name, act] of Object.entries(acts)) {
    for (const migration of migrations) {
      await prepareEverywhere(act);
      const { rows } = await outsider.query('select generation::int from sessions where id = $1', [
        session.id,
      ]);
      generation = rows[0].generation;
      now += 31_000;
      const before = await count();
      await outsider.query(migration);
      await act();
      const writes = { 'a look at a user': 0, 'a look at a session': 0, 'a change of sessions': 2 };
      assert.equal(await count(), before + (writes[name as keyof typeof writes] ?? 1), name);
    }
  }
});

test('verbs that deadlocked run again', async (t) => {
  const { store, outsider } = await open(t);
  const { user, session } = await signIn(store);
  await outsider.query("set deadlock_timeout = '10s'");
  await outsider.query('begin');
  await outsider.query('select from sessions where id = $1 for update', [session.id]);
  // Locks the user and then waits for the session, which the outsider holds and adds the user to.
  const ended = store.endAllSessions({ userId: user.id, now: 2_000, ...revoking() });
  const watcher = await server.connect();
  t.after(() => watcher.end());
  await somebodyWaits(watcher);
  const update = outsider.query('update users set token_version = 7 where id = $1', [user.id]);
  await Promise.all([update.then(() => outsider.query('commit')), ended]);
  assert.equal((await ended).revocations[0]?.version, 8);
  assert.deepEqual(await store.listSessions({ userId: session.userId, now: 0, limit: 1_000 }), []);
});

test('an id that PostgreSQL cannot store is not found', async (t) => {
  const { store } = await open(t);
  const { user } = await signIn(store);
  assert.equal(await store.findUser({ id: `${user.id}\0` }), undefined);
  const end = { sessionId: 'a\0b', userId: user.id, ...revoking() };
  assert.deepEqual(await store.endSession(end), { found: false, revocations: [] });
});

test('values of a statement never appear in a message', async (t) => {
  const { store } = await open(t);
  const event = anEvent({ id: unique('secret') });
  await store.recordEvent(event);
  await assert.rejects(store.recordEvent(event), (error) => {
    assert.ok(error instanceof Error && !(error instanceof StoreUnavailable));
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)}`, /secret/);
    return true;
  });
});

async function firstSuccess(work: () => Promise<void>): Promise<void> {
  const end = performance.now() + 2_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > end) throw error;
    }
  }
}

test('a database of another program is refused, with the tables that are in the way', async (t) => {
  const cases: [string, RegExp][] = [
    [
      'create table users (id int); create table sessions (id int)',
      /tables named sessions, users\./,
    ],
    [
      'create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (20240131, false)',
      /a table named schema_migrations\./,
    ],
    ['create view guards as select 1', /a table named guards\./],
    ['create view clients as select 1', /a table named clients\./],
  ];
  for (const [statements, reason] of cases) {
    const url = await server.createDatabase();
    const outsider = await server.connect(url);
    t.after(() => outsider.end());
    await outsider.query(statements);
    await assert.rejects(openPostgresStore({ url }), (error) => {
      assert.ok(unavailable(/belongs to another program.*search_path%3DNAME/)(error));
      assert.match(String(error), reason);
      return true;
    });
    const made = "select from pg_tables where tablename like 'latchkey%'";
    assert.equal((await outsider.query(made)).rowCount, 0);
  }
});

test('a table of another program with another name is not in the way', async (t) => {
  const url = await server.createDatabase();
  const outsider = await server.connect(url);
  t.after(() => outsider.end());
  await outsider.query('create table "Users" (id int); create table orders (id int)');
  await (await openPostgresStore({ url })).close();
});

test('a database of version 0.1 is brought up to date', async (t) => {
  const url = await server.createDatabase();
  const { store, outsider } = await open(t, { url });
  const { user } = await signIn(store);
  await outsider.query('alter table latchkey_migrations rename to schema_migrations');
  const later = await openPostgresStore({ url });
  t.after(() => later.close());
  assert.deepEqual(later.notices, []);
  assert.deepEqual(await later.findUser({ id: user.id }), user);
  assert.notEqual((await outsider.query('select from latchkey_migrations')).rowCount, 0);
});

test('a new empty database is reported, with an existing one that it hides', async (t) => {
  const url = await server.createDatabase();
  const first = await openPostgresStore({ url });
  await first.close();
  assert.match(first.notices[0]?.text ?? '', /^An empty database was made in the schema public of/);
  const outsider = await server.connect(url);
  t.after(() => outsider.end());
  await outsider.query('create schema latchkey');
  const again = `${url}?options=-c%20search_path%3Dlatchkey,public`;
  const hidden = await openPostgresStore({ url: again });
  await hidden.close();
  assert.deepEqual(
    hidden.notices.map((it) => it.level),
    ['warning'],
  );
  assert.match(
    hidden.notices[0]?.text ?? '',
    /the schema latchkey .* also a Latchkey database in the schema public,/,
  );
  const found = await openPostgresStore({ url: again });
  await found.close();
  assert.deepEqual(found.notices, []);
});

test('a database that cannot hold every text is refused', async (t) => {
  const admin = await server.connect();
  t.after(() => admin.end());
  for (const encoding of ['LATIN1', 'SQL_ASCII', 'EUC_JP', 'WIN1252']) {
    const name = `encoded_${encoding.toLowerCase()}`;
    await admin.query(`create database ${name} encoding '${encoding}' template template0`);
    const url = new URL(sharedUrl);
    url.pathname = `/${name}`;
    const expected = new RegExp(`encoding of this database is ${encoding}, .* ENCODING 'UTF8'`);
    await assert.rejects(openPostgresStore({ url: url.href }), unavailable(expected));
  }
});

test('a missing table is reported', async (t) => {
  const { store, outsider } = await open(t, { url: await server.createDatabase() });
  await outsider.query('drop table audit_events');
  await assert.rejects(
    store.recordEvent(anEvent()),
    unavailable(/table or a column .* is missing/),
  );
  await outsider.query('alter table facts rename column value to text');
  await assert.rejects(store.setMax({ name: 'x', value: 1 }), unavailable(/search_path/));
});

test('names that another program has taken are reported, whatever they name', async (t) => {
  for (const statement of [
    'create table other (id int); create index sessions_expiry on other (id)',
    "create function latchkey_lock_log() returns int language sql as 'select 1'",
  ]) {
    const url = await server.createDatabase();
    const outsider = await server.connect(url);
    t.after(() => outsider.end());
    await outsider.query(statement);
    await assert.rejects(openPostgresStore({ url }), unavailable(/schema of its own/));
  }
});
