import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { aboutUser } from '../../src/auth/audit/event.ts';
import { createUuid } from '../../src/kernel/uuid.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { anEvent } from '../store/records.ts';
import { createTestRandom } from '../support/auth.ts';
import { createFolder, execCli, program, runCli, spawnCli } from './cli.ts';

const operator = `operator:${userInfo().username}`;
const hour = 3_600_000;

/** A database with a trail: what the command line did, and what came from the network. */
async function createTrail(folder: string): Promise<{ jane: string }> {
  const cli = (...args: string[]) => runCli(folder, args);
  const created = await cli('users', 'create', '--username', 'jane', '--no-password', '--json');
  const jane = JSON.parse(created.stdout).id;
  await cli('users', 'set-role', 'jane', 'admin', 'editor');
  await cli('clients', 'create', 'orders-api', '--kind', 'guard');
  const store = await openSqliteStore({ path: join(folder, 'data', 'latchkey.db') });
  const random = createTestRandom();
  const ofJane = {
    actor: { kind: 'user', id: jane },
    subject: aboutUser(jane),
    changes: null,
  } as const;
  const ipv6 = '2001:db8:1234:5678:9abc:def0:1:2';
  for (const [hoursAgo, fields] of [
    [30, { ...ofJane, address: ipv6 }],
    [
      3,
      {
        type: 'key_rotated',
        actor: { kind: 'operator', id: 'deploy' },
        subject: { kind: 'key', id: 'Vq3xN8rT1yLw6ZpB0dKf5Hs' },
        changes: { algorithm: 'ES256' },
        address: null,
      },
    ],
    [
      2,
      {
        ...ofJane,
        type: 'login_failed',
        actor: { kind: 'anonymous', id: null },
        outcome: 'failure',
        reason: 'wrong_password',
        address: '203.0.113.9',
      },
    ],
    [1, { ...ofJane, type: 'session_ended', subject: aboutUser('gone\u001b[31m') }],
  ] as const) {
    const at = Date.now() - hoursAgo * hour;
    const id = createUuid({ now: () => at }, random);
    await store.recordEvent(anEvent({ id, at, ...fields }));
  }
  await store.close();
  return { jane };
}

test('audit list prints a table of 80 columns with names, and below a line what does not fit', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  const types = 'key_rotated,session_ended,login_failed,login_succeeded';
  const list = async (columns: number) => {
    const args = ['audit', 'list', '--type', types];
    const { code, stdout } = await runCli(folder, args, { columns });
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) assert.ok([...line].length <= columns, line);
    return lines.map((line) => line.replace(/ {2,}/g, ' | ').replace(/^\d{4}-\S+ \S+/, 'T'));
  };
  assert.deepEqual(await list(80), [
    'WHEN (UTC) | WHAT | WHO | TO WHOM | FROM',
    'T | session_ended | jane | gone\\u{1b}[3… | 192.0.2.1',
    ' | to gone\\u{1b}[31m',
    'T | login_failed | anonymous | jane | 203.0.113.9',
    ' | wrong_password',
    'T | key_rotated | operator:dep… | key:Vq3xN8rT… | –',
    ' | algorithm: ES256; by operator:deploy; to key:Vq3xN8rT1yLw6ZpB0dKf5Hs',
    'T | login_succeeded | jane | jane | 2001:db8:12…',
    ' | from 2001:db8:1234:5678:9abc:def0:1:2',
  ]);
  assert.deepEqual((await list(120)).slice(-3), [
    'T | key_rotated | operator:deploy | key:Vq3xN8rT1yLw6ZpB0dKf5Hs | –',
    ' | algorithm: ES256',
    'T | login_succeeded | jane | jane | 2001:db8:1234:5678:9abc:def0:1:2',
  ]);
});

test('audit list --json prints a line for each event, and filters choose events', async (t) => {
  const folder = await createFolder(t);
  const { jane } = await createTrail(folder);
  const list = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(folder, ['audit', 'list', '--json', ...args]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  const types = async (...args: string[]) => (await list(...args)).map(({ type }) => type);
  const [changed] = await list('--type', 'user_roles_changed');
  assert.match(changed.id, /^[0-9a-f-]{36}$/);
  assert.ok(Math.abs(Date.parse(changed.at) - Date.now()) < hour);
  assert.deepEqual(
    { ...changed, id: '', at: '' },
    {
      id: '',
      at: '',
      type: 'user_roles_changed',
      actor: { kind: 'operator', id: userInfo().username, name: null },
      subject: { kind: 'user', id: jane, name: 'jane' },
      session_id: null,
      outcome: 'success',
      reason: null,
      address: null,
      user_agent: null,
      changes: { roles: { from: [], to: ['admin', 'editor'] } },
    },
  );
  const [created] = await list('--type', 'client_created');
  assert.equal(created.subject.name, 'orders-api');

  const all = await types();
  assert.deepEqual(all, [
    'client_created',
    'user_roles_changed',
    'user_created',
    'session_ended',
    'login_failed',
    'key_rotated',
    'login_succeeded',
  ]);
  const ofJane = all.filter(
    (type) => !['client_created', 'key_rotated', 'session_ended'].includes(type),
  );
  assert.deepEqual(await types('--user', 'jane'), ofJane);
  assert.deepEqual(await types('--user', jane.toUpperCase()), ofJane);
  assert.deepEqual(await types('--actor', 'jane'), ['session_ended', 'login_succeeded']);
  assert.deepEqual(await types('--actor', `user:${jane}`), ['session_ended', 'login_succeeded']);
  assert.deepEqual(await types('--actor', operator), all.slice(0, 3));
  assert.deepEqual(await types('--actor', 'operator'), [...all.slice(0, 3), 'key_rotated']);
  assert.deepEqual(await types('--actor', 'client:orders-api'), []);
  assert.deepEqual(await types('--outcome', 'failure'), ['login_failed']);
  assert.deepEqual(await types('--address', '2001:DB8:1234:5678:9abc:def0:1:2'), [
    'login_succeeded',
  ]);
  const two = ['--type', 'login_failed', '--type', 'login_succeeded,session_ended'];
  assert.deepEqual(await types(...two), ['session_ended', 'login_failed', 'login_succeeded']);
  assert.deepEqual(await types(...two, '--user', 'jane'), ['login_failed', 'login_succeeded']);
  assert.deepEqual(await types('--since', '24h'), all.slice(0, 6));
  assert.deepEqual(await types('--since', '1d', '--until', '90m'), ['login_failed', 'key_rotated']);
  assert.deepEqual(await types('--until', '2026-01-31T09:30+01:00'), []);
  assert.deepEqual(await types('--since', '2020-02-29'), all);
});

test('audit list says how to continue a longer list, and that no events match', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  const list = (...args: string[]) => runCli(folder, ['audit', 'list', ...args]);
  const seen: string[] = [];
  let after: string[] = [];
  for (let page = 0; page < 4; page++) {
    const { stdout, stderr } = await list('-n', '2', ...after);
    seen.push(...(stdout.match(/^\d{4}-\S+ \S+ +\S+/gm) ?? []));
    const [, cursor] = /There are older events: add --after (\S+)/.exec(stderr) ?? [];
    assert.equal(cursor === undefined, page === 3);
    after = ['--after', cursor ?? ''];
  }
  assert.equal(new Set(seen).size, 7);
  const none = await list('--address', '192.0.2.250');
  assert.deepEqual([none.code, none.stdout], [0, '']);
  assert.match(none.stderr, /No events match\./);
});

test('audit list refuses invalid options and says what is valid', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  for (const [args, code, message] of [
    [
      ['--type', 'login_faild'],
      2,
      /"login_faild" is not a type of event\. Did you mean login_failed\?/,
    ],
    [['--type', ''], 2, /"" is not a type of event\. The types are: user_registered/],
    [['--type', '__proto__'], 2, /is not a type of event/],
    [['--outcome', 'failed'], 2, /--outcome must be success or failure/],
    [['--address', '300.0.0.1'], 2, /--address must be an IP address/],
    [['--since', 'yesterday'], 2, /--since must be a duration, such as 24h/],
    [['--since', '2026-02-30'], 2, /--since must be a duration/],
    [['--until', '2026-01-01T25:00Z'], 2, /--until must be a duration/],
    [['--since', '1h', '--until', '2h'], 2, /--since must be before --until/],
    [['--limit', '0'], 2, /--limit must be a whole number from 1 to 1000/],
    [['--limit', '1001'], 2, /--limit must be a whole number/],
    [['--after', "' or 1=1"], 2, /--after must be the id of an event/],
    [['--user', 'joe'], 1, /There is no user "joe"/],
    [['--actor', 'joe'], 1, /There is no user "joe"/],
    [['jane'], 2, /does not take the argument "jane"/],
  ] as const) {
    const answer = await runCli(folder, ['audit', 'list', ...args]);
    assert.equal(answer.code, code, args.join(' '));
    assert.equal(answer.stdout, '');
    assert.match(answer.stderr, message);
  }
  const { code, stderr } = await runCli(folder, ['audit', 'tail', '--limit', '-1']);
  assert.equal(code, 2, stderr);
});

test('audit tail follows the trail until Ctrl-C, or until its reader has gone', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  const follow = () => {
    const child = spawnCli(folder, ['audit', 'tail', '--json', '-n', '1']);
    t.after(() => child.kill('SIGKILL'));
    assert.ok(child.stdout);
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  };
  const next = async ({ lines }: ReturnType<typeof follow>) => {
    const { value = '' } = await lines.next();
    return JSON.parse(value).type;
  };
  const [stopped, left] = [follow(), follow()];
  assert.deepEqual([await next(stopped), await next(left)], ['client_created', 'client_created']);
  await runCli(folder, ['users', 'disable', 'jane']);
  assert.deepEqual([await next(stopped), await next(left)], ['user_disabled', 'user_disabled']);
  const ends = [stopped.child, left.child].map((child) => endOf(child));
  stopped.child.kill('SIGINT');
  left.child.stdout?.destroy();
  await runCli(folder, ['users', 'enable', 'jane']);
  assert.deepEqual(await Promise.all(ends), [
    [0, null, ''],
    [0, null, ''],
  ]);
});

async function endOf(child: ChildProcess): Promise<unknown[]> {
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  return [...(await once(child, 'close')), said];
}

test('audit list ends without an error when its reader closes the pipe', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  const command = `"$0" "$1" audit list --json | head -n 1`;
  const child = spawn('sh', ['-c', command, process.execPath, program], { cwd: folder });
  child.stdout.resume();
  assert.deepEqual(await endOf(child), [0, null, '']);
  const piped = await execCli(folder, ['audit', 'list']);
  assert.match(piped.stdout, /^WHEN \(UTC\) +WHAT/);
});

test('audit verify says what it verified, and ends with 1 if the trail was changed', async (t) => {
  const folder = await createFolder(t);
  await createTrail(folder);
  const dataDir = join(folder, 'data');
  // A command leaves the sealing to the servers.
  const before = await runCli(folder, ['audit', 'verify']);
  assert.match(
    before.stdout,
    /No event is sealed yet\.\n7 events not sealed yet, .*\nNothing was changed\./,
  );
  const served = await openLatchkey({ env: {}, envFile: false, dataDir }, { serves: true });
  try {
    for (let left = 7; left > 0; )
      ({
        unsealed: { count: left },
      } = await served.auth.auditChain.verify());
  } finally {
    await served.close();
  }
  const verify = (...args: string[]) => runCli(folder, ['audit', 'verify', ...args]);
  const intact = await verify();
  assert.equal(intact.code, 0, intact.stdout);
  assert.match(intact.stdout, /^7 events verified: 1 to 7, from [\d -:]+ to [\d -:]+ \(UTC\)\.$/m);
  const [, head = ''] = /^Head, to keep somewhere else: (7\.[\w-]{43})$/m.exec(intact.stdout) ?? [];
  assert.equal((await verify('--head', head)).code, 0);
  assert.equal((await verify('--head', `8${head.slice(1)}`)).code, 1);
  assert.equal((await verify('--head', 'x')).code, 2);

  const db = new DatabaseSync(join(dataDir, 'latchkey.db'));
  db.exec(
    `update audit_events set reason = null, type = 'login_succeeded' where type = 'login_failed'`,
  );
  db.close();
  const changed = await verify();
  assert.equal(changed.code, 1);
  assert.match(
    changed.stdout,
    /The audit trail was changed: 1 changed\.\n {2}changed, event \d \([0-9a-f-]{36}\): /,
  );
  const report = JSON.parse((await verify('--json')).stdout);
  assert.deepEqual([report.intact, report.counts, report.head], [false, { changed: 1 }, head]);
});
