import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { call, createFolder, program, readLine } from '../cli.ts';

/** Whether the limit of a running process can be lifted here. */
function canLiftLimits(): boolean {
  try {
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Fails unless it comes true within 10 s. */
async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!(await isTrue())) {
    assert.ok(Date.now() < limit, 'not within 10 s');
    await pause(10);
  }
}

const jane = { username: 'jane', password: 'correct horse' };

test('On a full disk writes are refused, reads and verification go on, and it recovers by itself', {
  skip: !canLiftLimits() && 'there is no prlimit, or it may not be used',
}, async (t) => {
  const folder = await createFolder(t);
  // A limit on the size of files stands in for a full disk. The soft one, which the same user may lift.
  const command = 'ulimit -S -f 2000 && exec "$0" "$@"';
  const args = [program, 'serve', '--port', '0', '--json', '--refresh-grace', '0'];
  const child = spawn('sh', ['-c', command, process.execPath, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    stdio: 'pipe',
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const line = await readLine(child);
  const { url, pid } = JSON.parse(line);

  const { body } = await call(`${url}/auth/register`, { body: jane });
  let refresh_token = body['refresh_token'];
  let token = body['access_token'];
  const refresh = () => call(`${url}/auth/refresh`, { body: { refresh_token } });
  const refreshUntil = async (status: number) => {
    for (let i = 0; i < 3_000; i++) {
      const answer = await refresh();
      if (answer.status === 200) {
        refresh_token = answer.body['refresh_token'];
        token = answer.body['access_token'];
      }
      if (answer.status === status) return answer;
      assert.equal(answer.status, 200);
    }
    return assert.fail('the disk never got full');
  };

  const full = await refreshUntil(503);
  assert.equal(full.body['code'], 'store_unavailable');
  assert.match(String(full.body['detail']), /^The disk under the database/);
  const writes = [
    () => refresh(),
    () => call(`${url}/auth/register`, { body: { ...jane, username: 'joe' } }),
    () => call(`${url}/auth/login`, { body: jane }),
  ];
  for (const write of writes) {
    const answers = await Promise.all([write(), write(), call(`${url}/auth/me`, { token })]);
    assert.deepEqual(
      answers.map((it) => it.status),
      [503, 503, 200],
    );
  }
  const refused = await fetch(`${url}/auth/logout`, {
    method: 'POST',
    headers: { authorization: `Bearer ${String(token)}` },
  });
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal((await call(`${url}/auth/sessions`, { token })).status, 200, 'reads go on');
  const readiness = async () => (await call(`${url}/readyz`)).status;
  await eventually(async () => (await readiness()) === 503);

  execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:']);
  assert.equal((await refresh()).status, 200, 'it recovers without a restart');
  await eventually(async () => (await readiness()) === 200);
  const joe = await call(`${url}/auth/register`, { body: { ...jane, username: 'joe' } });
  assert.equal(joe.status, 201, 'what was refused was not done');

  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.doesNotMatch(stderr, /\n {4}at /);
  const db = new DatabaseSync(join(folder, 'data', 'latchkey.db'));
  t.after(() => db.close());
  assert.deepEqual({ ...db.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
  assert.deepEqual({ ...db.prepare('select count(*) as n from users').get() }, { n: 2 });
});
