import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { somebodyWaits, startPostgres } from '../../support/postgres.ts';
import { SECRET } from '../../support/server.ts';
import { call, collect, createFolder, program, readLine, spawnCli, startServer } from '../cli.ts';

const postgres = await startPostgres([], { hba: ['host all scram all scram-sha-256'] });
const admin = await postgres.connect();
after(() => admin.end());
await admin.query(`create role scram login password 'r1ght'`);

const serving = ['serve', '--port', '0', '--json'];
const commands = [serving, [...serving, '--workers', '2'], ['users', 'list'], ['keys', 'list']];

/** The lock that nodes hold while they bring the schema up to date. */
async function holdMigrationLock(t: TestContext, url: string): Promise<pg.Client> {
  const holder = await postgres.connect(url);
  t.after(() => holder.end());
  await holder.query('select pg_advisory_lock(1818326123, 2)');
  return holder;
}

const release = (holder: pg.Client) => holder.query('select pg_advisory_unlock_all()');

/** Resolves once the process has written to standard error what matches. */
async function waitForWords(child: ReturnType<typeof spawnCli>, words: RegExp): Promise<void> {
  let text = '';
  for await (const chunk of child.stderr ?? []) {
    text += String(chunk);
    if (words.test(text)) return;
  }
  assert.fail(`ended without ${words}: ${text}`);
}

test('A start without the password of the database reports that and ends', async (t) => {
  const folder = await createFolder(t);
  const url = new URL(await postgres.createDatabase());
  url.username = 'scram';
  url.password = '';
  const env = { LATCHKEY_DATABASE_URL: url.href, LATCHKEY_SECRET: SECRET };
  for (const args of commands) {
    const child = spawnCli(folder, args, env);
    t.after(() => child.kill('SIGKILL'));
    const { code, stderr } = await collect(child);
    assert.deepEqual([code, stderr.match(/asks for a password/g)?.length], [1, 1], stderr);
  }
});

test('A start that waits for the migration lock reports that, and a signal ends it', async (t) => {
  const folder = await createFolder(t);
  const url = await postgres.createDatabase();
  const holder = await holdMigrationLock(t, url);
  const env = { LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: SECRET };
  const children = commands.map((args) => spawnCli(folder, args, env));
  t.after(() => children.map((child) => child.kill('SIGKILL')));
  const waiting =
    /^Latchkey is waiting for another process that holds .* lock.*taken 3 s so far\.$/m;
  await Promise.all(children.map((child) => waitForWords(child, waiting)));
  for (const [at, child] of children.entries()) {
    const ended = once(child, 'exit');
    const signal = at % 2 === 0 ? 'SIGTERM' : 'SIGINT';
    child.kill(signal);
    assert.deepEqual(await ended, [null, signal]);
  }
  const patient = spawnCli(folder, serving, env);
  t.after(() => patient.kill('SIGKILL'));
  await somebodyWaits(admin);
  await release(holder);
  const { url: address } = JSON.parse(await readLine(patient));
  assert.equal((await call(`${address}/readyz`)).status, 200);
});

test('The first process of a container ends on the first signal too', {
  skip: !canBeFirst() && 'no namespace of processes can be made here',
}, async (t) => {
  const folder = await createFolder(t);
  const url = await postgres.createDatabase();
  await holdMigrationLock(t, url);
  const env = { ...process.env, LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: SECRET };
  const child = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', process.execPath, program, ...serving],
    { cwd: folder, env, stdio: 'pipe' },
  );
  t.after(() => child.kill('SIGKILL'));
  await somebodyWaits(admin);
  const inside = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).trim();
  const ended = once(child, 'exit');
  process.kill(Number(inside), 'SIGTERM');
  assert.deepEqual(await ended, [143, null]);
});

function canBeFirst(): boolean {
  try {
    execFileSync('unshare', ['--pid', '--fork', 'pgrep', '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('A start waits for a process that has locked the file, and a signal ends it', async (t) => {
  const folder = await createFolder(t);
  await (await startServer(t, folder)).stop();
  const other = new DatabaseSync(join(folder, 'data', 'latchkey.db'));
  t.after(() => other.close());
  other.exec('begin immediate');
  const waiting = /^Latchkey is waiting for another process .* lock/m;
  const children = [serving, ['users', 'list', '--json']].map((args) => spawnCli(folder, args));
  t.after(() => children.map((child) => child.kill('SIGKILL')));
  await Promise.all(children.map((child) => waitForWords(child, waiting)));
  const [server, command] = children;
  assert.ok(server !== undefined && command !== undefined);
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  const listed = readLine(command);
  other.exec('rollback');
  assert.equal(await listed, '[]');
});

test('Workers can be stopped while one of them still starts', async (t) => {
  const url = await postgres.createDatabase();
  const env = { LATCHKEY_DATABASE_URL: url, LATCHKEY_SECRET: SECRET };
  const server = await startServer(t, await createFolder(t), ['--workers', '2'], env);
  await holdMigrationLock(t, url);
  const { pids } = server.banner;
  assert.ok(Array.isArray(pids));
  process.kill(pids[0], 'SIGKILL');
  await somebodyWaits(admin);
  assert.equal(await server.stop(), 0);
});
