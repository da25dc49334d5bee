import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Latchkey, openLatchkey } from '../../src/system/latchkey.ts';
import { TestClock } from '../support/auth.ts';
import { startPostgres } from '../support/postgres.ts';
import { PASSWORD, startServer, type TestServer, testOptions } from '../support/server.ts';

const postgres = await startPostgres();

/** The date stands still, and durations are real. */
class RunningClock extends TestClock {
  override elapsed(): number {
    return performance.now();
  }
}

test('while the database is away, tokens are verified and the rest is refused for a while', async () => {
  const clock = new RunningClock(Date.now());
  const server = await startServer({ databaseUrl: await postgres.createDatabase(), clock });
  const { body: jane } = await server.register('jane');
  const verify = () => server.send('/auth/verify', { token: jane['access_token'] });
  const me = () => server.send('/auth/me', { token: jane['access_token'] });
  assert.equal((await server.send('/readyz')).status, 200);

  for (const mode of ['fast', 'immediate', 'kill'] as const) {
    await postgres.stop(mode);
    // The processes of a server that was killed outlive it for a moment, and still answer.
    await readiness(server, 503);
    const refresh = { json: { refresh_token: jane['refresh_token'] } };
    const refused = await Promise.all([
      server.send('/readyz'),
      server.login('jane'),
      server.send('/auth/refresh', refresh),
      server.register(`john-${mode}`),
      me(),
    ]);
    for (const answer of refused) {
      assert.equal(answer.status, 503, `${mode}: ${answer.text}`);
      assert.equal(answer.body['code'], 'store_unavailable');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
    assert.equal((await server.send('/healthz')).status, 200);
    assert.equal((await verify()).status, 200);

    await postgres.restart();
    await readiness(server, 200);
    assert.equal((await me()).status, 200);
    assert.equal((await server.send('/auth/refresh', refresh)).status, 200);
    assert.equal((await server.register(`john-${mode}`)).status, 201);
  }
});

test('a node is not ready while no sign-in can be written, and recovers by itself', async (t) => {
  const url = await postgres.createDatabase();
  const database = new URL(url).pathname.slice(1);
  const databaseUrl = `${url}?statement_timeout=300`;
  const server = await startServer({ databaseUrl });
  await server.register('jane');
  const outsider = await postgres.connect(url);
  t.after(() => outsider.end());
  const setReadOnly = (value: 'on' | 'off') => [
    'set default_transaction_read_only = off',
    `alter database ${database} set default_transaction_read_only = ${value}`,
    `select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and datname = current_database()`,
  ];
  const troubles: Record<string, [begin: string[], end: string[]]> = {
    'a read-only database': [setReadOnly('on'), setReadOnly('off')],
    'a table that is missing': [
      ['alter table audit_events rename to elsewhere'],
      ['alter table elsewhere rename to audit_events'],
    ],
    'a table that is locked': [['begin', 'lock table sessions in exclusive mode'], ['rollback']],
  };
  /** What the last look has found holds for two seconds at most. */
  const becomes = async (status: number) => {
    const limit = Date.now() + 5_000;
    do {
      assert.ok(Date.now() < limit, `/readyz was not ${status} for 5 s`);
      server.clock.step(2);
    } while ((await server.send('/readyz')).status !== status);
  };
  for (const [name, [begin, end]] of Object.entries(troubles)) {
    await becomes(200);
    for (const statement of begin) await outsider.query(statement);
    await becomes(503);
    assert.equal((await server.login('jane')).status, 503, name);
    assert.equal((await server.send('/healthz')).status, 200, name);
    for (const statement of end) await outsider.query(statement);
    await becomes(200);
    assert.equal((await server.login('jane')).status, 200, name);
  }
  const { rows } = await outsider.query('select count(*)::int as n from users');
  assert.deepEqual(rows, [{ n: 1 }], 'what was written to find out is gone');
});

test('a node that can no longer listen for revocations says why, and still reads them', async (t) => {
  const databaseUrl = await postgres.createDatabase();
  const database = new URL(databaseUrl).pathname.slice(1);
  const reports = new EventEmitter();
  const latchkey = await openLatchkey(
    { ...testOptions(), databaseUrl },
    { onBackgroundReport: (report) => reports.emit('report', report) },
  );
  t.after(() => latchkey.close());
  const { accessToken } = await latchkey.auth.register({ username: 'jane', password: PASSWORD });
  const outsider = await postgres.connect(databaseUrl);
  t.after(() => outsider.end());
  const elsewhere = await postgres.connect(databaseUrl.replace(database, 'postgres'));
  t.after(() => elsewhere.end());
  const failure = once(reports, 'report');
  await elsewhere.query(`alter database ${database} allow_connections false`);
  await outsider.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where query like 'listen %' and datname = current_database()`);
  const [failed] = await failure;
  assert.equal(failed.task, 'listening for revocations');
  assert.match(String(failed.error), /error 55000/);
  await outsider.query(`insert into revocations (kind, subject, version, expires_at)
    select 'session', id, 0, expires_at from sessions`);
  const limit = Date.now() + 5_000;
  while (isAccepted(latchkey, accessToken)) {
    assert.ok(Date.now() < limit, 'never refused');
    await setImmediate();
  }
  const recovery = once(reports, 'report');
  await elsewhere.query(`alter database ${database} allow_connections true`);
  assert.deepEqual(await recovery, [{ task: 'listening for revocations', error: undefined }]);
});

function isAccepted({ verify }: Latchkey, token: string): boolean {
  try {
    return verify(token) !== undefined;
  } catch {
    return false;
  }
}

test('a node that hears of nothing but what the database holds refuses what another one revoked', async () => {
  const databaseUrl = await postgres.createDatabase();
  const [left, right] = await Promise.all([
    startServer({ databaseUrl, revocationPollInterval: 600_000 }),
    startServer({ databaseUrl, revocationPollInterval: 600_000 }),
  ]);
  const { body: jane } = await left.register('jane');
  const verify = () => right.send('/auth/verify', { token: jane['access_token'] });
  assert.equal((await verify()).status, 200);
  const logout = await left.send('/auth/logout', { method: 'POST', token: jane['access_token'] });
  assert.equal(logout.status, 204);
  // It does not poll within this test: the notification it is.
  const end = Date.now() + 5_000;
  while ((await verify()).status !== 401) assert.ok(Date.now() < end, 'never refused');
});

test('a node whose secret is not that of the database does not start', async () => {
  const databaseUrl = await postgres.createDatabase();
  const options = { ...testOptions(), databaseUrl };
  await (await openLatchkey(options)).close();
  const secret = 'another secret that is as long as one should be 8Fz2';
  await assert.rejects(openLatchkey({ ...options, secret }), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /LATCHKEY_SECRET/);
    assert.ok(!error.message.includes(secret));
    return true;
  });
  const { secret: _, ...without } = options;
  await assert.rejects(openLatchkey(without), /LATCHKEY_SECRET/);
});

test('nodes that start at the same time on an empty database serve one another, though their clocks differ', async () => {
  const databaseUrl = await postgres.createDatabase();
  const nodes = await Promise.all(
    [0, 2_000, 4_000].map((behind) =>
      startServer({ databaseUrl, clock: new TestClock(Date.now() - behind) }),
    ),
  );
  const [first] = nodes;
  await first?.register('jane');
  for (const node of nodes) {
    const { body } = await node.login('jane', PASSWORD);
    for (const other of nodes) {
      const answer = await other.send('/auth/me', { token: body['access_token'] });
      assert.equal(answer.status, 200, answer.text);
    }
  }
});

async function readiness(server: TestServer, status: number): Promise<void> {
  const end = Date.now() + 5_000;
  while ((await server.send('/readyz')).status !== status) {
    assert.ok(Date.now() < end, `/readyz was not ${status} for 5 s`);
  }
}
