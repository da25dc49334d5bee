import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres } from '../../support/postgres.ts';
import { SECRET } from '../../support/server.ts';
import {
  call,
  createFolder,
  execCli,
  isRecord,
  type RunningServer,
  readLine,
  spawnCli,
  startServer,
} from '../cli.ts';

const jane = { username: 'jane', password: 'correct horse' };
const workers = 3;
/** Between two looks at what has to come true. */
const LOOK_INTERVAL_MS = 5;

/** A connection that stays open, and so stays with one worker. */
class Line {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;

  constructor(t: TestContext, url: string) {
    this.#url = url;
    t.after(() => this.#agent.destroy());
  }

  /** The status of the answer. */
  async get(path: string, token?: unknown): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${String(token)}` };
    // As any client has: a connection on its way to a worker that dies may be left without an end.
    const signal = AbortSignal.timeout(5_000);
    const asked = request(this.#url + path, { agent: this.#agent, headers, signal }).end();
    const [response] = await once(asked, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  }
}

/** More lines than workers, so that some end at each of them: connections are given out in turn. */
async function openLines(t: TestContext, url: string): Promise<Line[]> {
  const lines = Array.from({ length: 4 * workers }, () => new Line(t, url));
  const statuses = await Promise.all(lines.map((line) => line.get('/healthz')));
  assert.deepEqual(new Set(statuses), new Set([200]));
  return lines;
}

function pidsOf({ banner }: RunningServer): number[] {
  const { pids } = banner;
  assert.ok(Array.isArray(pids));
  return pids.map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Rejects when it does not come true within `limit` ms; answers how many it took. */
async function eventually(limit: number, isTrue: () => Promise<boolean>): Promise<number> {
  const start = Date.now();
  while (!(await isTrue())) {
    if (Date.now() - start > limit) assert.fail(`not within ${limit} ms`);
    // Without a pause it would take a core from the processes it waits for.
    await pause(LOOK_INTERVAL_MS);
  }
  return Date.now() - start;
}

async function assertLogoutReachesAll(t: TestContext, server: RunningServer): Promise<void> {
  const { body } = await call(`${server.url}/auth/register`, { body: jane });
  const token = body['access_token'];
  const lines = await openLines(t, server.url);
  const ask = () => Promise.all(lines.map((line) => line.get('/auth/me', token)));
  assert.deepEqual(new Set(await ask()), new Set([200]));
  const headers = { authorization: `Bearer ${String(token)}` };
  const answer = await fetch(`${server.url}/auth/logout`, { method: 'POST', headers });
  assert.equal(answer.status, 204);
  const took = await eventually(1_000, async () => (await ask()).every((it) => it === 401));
  t.diagnostic(`refused by all ${workers} workers after ${took} ms`);
}

test('Several processes serve, refuse a session that ended in one, and end together', async (t) => {
  const folder = await createFolder(t);
  const server = await startServer(t, folder, ['--workers', String(workers)]);
  const pids = pidsOf(server);
  assert.equal(new Set([...pids, server.child.pid]).size, workers + 1);
  assert.deepEqual(server.banner['created'], ['database', 'secret']);
  await assertLogoutReachesAll(t, server);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(pids.filter(isAlive), []);
  const { stdout } = await execCli(folder, ['keys', 'list', '--json']);
  assert.equal(JSON.parse(stdout).length, 1, 'they all use one key');
});

test('Several processes serve on PostgreSQL as well', async (t) => {
  const postgres = await startPostgres();
  const server = await startServer(t, await createFolder(t), ['--workers', String(workers)], {
    LATCHKEY_DATABASE_URL: await postgres.createDatabase(),
    LATCHKEY_SECRET: SECRET,
  });
  await assertLogoutReachesAll(t, server);
  assert.equal(await server.stop(), 0);
});

test('Each worker answers requests when the others are suspended', {
  skip: process.platform === 'win32' && 'no process can be halted there',
}, async (t) => {
  const server = await startServer(t, await createFolder(t), ['--workers', String(workers)]);
  const pids = pidsOf(server);
  for (const serving of pids) {
    const halted = pids.filter((pid) => pid !== serving);
    for (const pid of halted) process.kill(pid, 'SIGSTOP');
    // A halted one is handed one connection at most, and never another while it does not take it.
    const lines = Array.from({ length: workers }, () => new Line(t, server.url).get('/healthz'));
    assert.equal(await Promise.any(lines), 200);
    for (const pid of halted) process.kill(pid, 'SIGCONT');
    assert.deepEqual(new Set(await Promise.all(lines)), new Set([200]));
  }
  assert.equal(await server.stop(), 0);
});

test('A worker killed under load is replaced, and the others keep serving', async (t) => {
  const server = await startServer(t, await createFolder(t), ['--workers', String(workers)]);
  let stderr = '';
  server.child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const [victim = 0, ...others] = pidsOf(server);
  const { body } = await call(`${server.url}/auth/register`, { body: jane });
  const token = body['access_token'];
  const clients = 12;
  let isOver = false;
  let broken = 0;
  let answered = 0;
  const client = async () => {
    while (!isOver) {
      const line = new Line(t, server.url);
      try {
        for (let i = 0; i < 20; i++) {
          assert.equal(await line.get('/auth/me', token), 200);
          answered++;
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        broken++;
      }
    }
  };
  const load = Promise.all(Array.from({ length: clients }, client));
  await eventually(10_000, async () => answered > 500);
  process.kill(victim, 'SIGKILL');
  await eventually(10_000, async () => stderr.includes('\n'));
  assert.match(
    stderr,
    new RegExp(`worker ${victim} ended \\(SIGKILL\\)\\. A replacement starts now`),
  );
  const before = answered;
  await eventually(10_000, async () => answered > before + 2_000);
  isOver = true;
  await load;
  assert.ok(broken <= clients, `${broken} connections broke; only those of the dead worker may`);
  assert.deepEqual(others.filter(isAlive), others);
  assert.equal(await server.stop(), 0);
});

test('On SIGTERM, all workers finish their requests', async (t) => {
  const server = await startServer(t, await createFolder(t), ['--workers', '2']);
  await call(`${server.url}/auth/register`, { body: jane });
  const logins = Array.from({ length: 4 }, () =>
    request(`${server.url}/auth/login`, {
      agent: false,
      method: 'POST',
      headers: { 'content-type': 'application/json', expect: '100-continue' },
    }),
  );
  const answers = logins.map((login) => once(login, 'response'));
  for (const login of logins) login.flushHeaders();
  await Promise.all(logins.map((login) => once(login, 'continue')));
  const stopped = server.stop();
  await once(server.child.stderr ?? server.child, 'data');
  for (const login of logins) login.end(JSON.stringify(jane));
  for (const [response] of await Promise.all(answers)) {
    assert.equal(response.statusCode, 200);
    const body: unknown = await json(response);
    assert.ok(isRecord(body) && 'access_token' in body);
  }
  assert.equal(await stopped, 0);
});

test('A later second signal ends all workers immediately', async (t) => {
  const server = await startServer(t, await createFolder(t), ['--workers', '2']);
  const login = request(`${server.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', expect: '100-continue' },
  });
  login.on('error', () => {});
  login.flushHeaders();
  await once(login, 'continue');
  const ended = once(server.child, 'exit');
  const again = setInterval(() => server.child.kill('SIGINT'), 50);
  assert.deepEqual(await ended, [1, null]);
  clearInterval(again);
  await eventually(5_000, async () => !pidsOf(server).some(isAlive));
});

test('Workers end with the process that started them', async (t) => {
  const server = await startServer(t, await createFolder(t), ['--workers', '2']);
  server.child.kill('SIGKILL');
  await eventually(5_000, async () => !pidsOf(server).some(isAlive));
});

test('A wrong setting ends a start; later it ends no worker that serves', async (t) => {
  const folder = await createFolder(t);
  const weak = await execCli(folder, ['serve', '--workers', '4'], {
    env: { LATCHKEY_SECRET: 'short' },
  });
  assert.equal(weak.code, 2);
  assert.match(weak.stderr, /^error: LATCHKEY_SECRET: [^\n]+\n$/);
  assert.equal(existsSync(join(folder, 'data')), false);

  const server = await startServer(t, folder, ['--workers', '2']);
  let stderr = '';
  server.child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  // As if the database were replaced by another one, or the secret lost.
  const db = new DatabaseSync(join(folder, 'data', 'latchkey.db'));
  db.exec(`update envelopes set id = id || 'x'`);
  db.close();
  const ended = once(server.child, 'close');
  const [victim = 0, survivor = 0] = pidsOf(server);
  process.kill(victim, 'SIGKILL');
  await eventually(15_000, async () => /in 0\.5 seconds/.test(stderr));
  assert.equal(stderr.match(/LATCHKEY_SECRET: is not the secret/g)?.length, 1, stderr);
  assert.match(stderr, /ended \(exit code 2\)\. A replacement starts in 0\.25/);
  assert.equal((await call(`${server.url}/healthz`)).status, 200, 'the other one serves');
  assert.ok(isAlive(survivor));
  // With the last worker that serves the rest ends, and the reason stands at the end.
  process.kill(survivor, 'SIGKILL');
  assert.deepEqual(await ended, [2, null]);
  assert.match(stderr, /\nerror: LATCHKEY_SECRET: is not the secret[^\n]+\n$/);
});

test('A replacement serves again once the setting is right', async (t) => {
  const folder = await createFolder(t);
  const server = await startServer(t, folder, ['--workers', '2']);
  let stderr = '';
  server.child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const db = new DatabaseSync(join(folder, 'data', 'latchkey.db'));
  t.after(() => db.close());
  db.exec(`update envelopes set id = id || 'x'`);
  const [victim = 0, other = 0] = pidsOf(server);
  process.kill(victim, 'SIGKILL');
  await eventually(15_000, async () => /cannot serve/.test(stderr));
  db.exec('update envelopes set id = substr(id, 1, length(id) - 1)');
  // Only the replacement can answer.
  process.kill(other, 'SIGSTOP');
  t.after(() => isAlive(other) && process.kill(other, 'SIGCONT'));
  const lines = () => Array.from({ length: 3 }, () => new Line(t, server.url).get('/healthz'));
  const answer = () => Promise.any(lines()).catch(() => 0);
  await eventually(15_000, async () => (await answer()) === 200);
  process.kill(other, 'SIGCONT');
  assert.equal(await server.stop(), 0);
});

test('Workers that keep dying are replaced after longer and longer waits', async (t) => {
  const folder = await createFolder(t);
  const server = await startServer(t, folder, ['--workers', '2']);
  let stderr = '';
  server.child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const data = join(folder, 'data', 'latchkey.db');
  // From now on no worker can start: the database is none.
  for (const suffix of ['-wal', '-shm']) await rm(data + suffix, { force: true });
  await rm(data);
  await writeFile(data, 'no database '.repeat(1_000));
  const [victim = 0] = pidsOf(server);
  process.kill(victim, 'SIGKILL');
  await eventually(15_000, async () => /in 1 second\./.test(stderr));
  const pauses = [...stderr.matchAll(/starts (now|in [\d.]+ seconds?)/g)].map(([, when]) => when);
  assert.deepEqual(pauses.slice(0, 4), ['now', 'in 0.25 seconds', 'in 0.5 seconds', 'in 1 second']);
  assert.match(stderr, /worker \d+ cannot serve: The file is not a Latchkey database/);
  assert.match(stderr, /ended \(exit code 1\)\. A replacement starts in 0\.25/);
  assert.equal((await call(`${server.url}/healthz`)).status, 200, 'the other one serves');
  server.child.kill('SIGKILL');
});

test('Impossible numbers of workers and drains are refused with the fix', async (t) => {
  const folder = await createFolder(t);
  const refused = async (args: readonly string[], code: number, says: RegExp) => {
    const ended = await execCli(folder, ['serve', ...args]);
    assert.deepEqual([ended.code, says.test(ended.stderr)], [code, true], ended.stderr);
  };
  await Promise.all([
    refused(['--workers', '0'], 2, /--workers must be a whole number from 1 to 64/),
    refused(['--workers', '65'], 2, /--workers must be a whole number/),
    refused(['--workers', '2.5'], 2, /--workers must be a whole number/),
    refused(['--drain', 'soon'], 2, /--drain: "soon" is not a duration/),
    refused(['--drain', '6m'], 2, /--drain: 6m is too long\. The most is 5m/),
    refused(
      ['--workers', '2', '--database-url', 'sqlite::memory:'],
      1,
      /cannot share a database in memory/,
    ),
  ]);
});

test('During the drain, /readyz answers 503, everything else is served, and connections close', async (t) => {
  const folder = await createFolder(t);
  const child = spawnCli(folder, ['serve', '--port', '0', '--json', '--drain', '2s']);
  t.after(() => child.kill('SIGKILL'));
  const line = await readLine(child);
  const { url } = JSON.parse(line);
  assert.equal((await call(`${url}/readyz`)).status, 200);
  const ended = once(child, 'exit');
  const told = once(child.stderr ?? child, 'data');
  child.kill('SIGTERM');
  assert.match(String(await told), /Stopping in 2 seconds/);
  await eventually(1_000, async () => (await call(`${url}/readyz`)).status === 503);
  assert.deepEqual((await call(`${url}/readyz`)).body['code'], 'stopping');
  const alive = await fetch(`${url}/healthz`);
  assert.deepEqual([alive.status, alive.headers.get('connection')], [200, 'close']);
  assert.equal((await call(`${url}/auth/register`, { body: jane })).status, 201);
  assert.deepEqual(await ended, [0, null]);
});
