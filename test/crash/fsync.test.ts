import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../src/kernel/system-clock.ts';
import { systemRandom } from '../../src/kernel/system-random.ts';
import { openSqliteStore } from '../../src/store/index.ts';
import {
  adoptNextSecret,
  loadOrCreateSecret,
  prepareNextSecret,
} from '../../src/system/secret-file.ts';
import { backUp } from '../../src/system/transfer/copy.ts';
import { createFolder, program } from '../cli/cli.ts';
import { Api } from './accounts.ts';
import { waitUntilReady } from './harness.ts';
import { judgeOrder, type Moment, type OrderReport } from './order.ts';
import { canTrace, readTrace, traceInto } from './system-calls.ts';

/**
 * SIGKILL leaves what was written in the memory of the operating system, so no crash of a process shows
 * whether the disk was waited for. The order of a server's doings does.
 */
const asked = [
  'POST /auth/register',
  'POST /auth/refresh',
  'POST /auth/password',
  'POST /auth/logout',
];

const syncNever = import.meta.resolve('./sync-never.ts');
const answerEarly = import.meta.resolve('./answer-early.ts');

interface Observer {
  /** What runs the server. */
  readonly command: (file: string) => readonly string[];
  /** Loaded into the server. */
  readonly seams: readonly string[];
  readonly read: (text: string) => Moment[];
}

const observers: Readonly<Record<string, Observer & { readonly isHere: boolean }>> = {
  'by its commits and their pragmas': {
    isHere: true,
    command: () => [],
    seams: [import.meta.resolve('./witness.ts')],
    read: (text) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
  },
  'by its system calls': { isHere: canTrace(), command: traceInto, seams: [], read: readTrace },
};

/** Asks a server for all that it must not lose, one thing after another, and judges what it did. */
async function observe(
  t: TestContext,
  { command, seams, read }: Observer,
  faults: readonly string[] = [],
): Promise<OrderReport> {
  const folder = await createFolder(t);
  const file = join(folder, 'observed');
  const [name = '', ...args] = [...command(file), process.execPath, program];
  const imports = [...seams, ...faults].map((it) => `--import=${it}`);
  const child = spawn(name, [...args, 'serve', '--port', '0', '--json'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      LATCHKEY_REFRESH_GRACE: '0',
      NODE_OPTIONS: imports.join(' '),
      TEST_WITNESS: file,
    },
    stdio: 'pipe',
    // Signals go to the group: a tracer keeps them to itself.
    detached: true,
  });
  const end = once(child, 'exit');
  const signal = (it: NodeJS.Signals) => {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (child.pid !== undefined && !isOver) process.kill(-child.pid, it);
  };
  t.after(() => signal('SIGKILL'));
  const api = new Api(await waitUntilReady(child));
  await converse(api);
  signal('SIGTERM');
  await end;
  const moments = read(await readFile(file, 'utf8'));
  // Up to the first request, and what looks after the server, is not of interest.
  const from = moments.findIndex((it) => it.what === 'request' && it.text === asked[0]);
  return judgeOrder(moments.slice(from));
}

async function converse(api: Api): Promise<void> {
  const password = 'the first password';
  const registered = await api.send('/auth/register', { username: 'ann', password });
  assert.equal(registered?.status, 201);
  const refreshed = await api.send('/auth/refresh', { refresh_token: registered.refresh });
  assert.equal(refreshed?.status, 200);
  const change = { current_password: password, new_password: 'the second password' };
  const changed = await api.send('/auth/password', change, refreshed.access);
  assert.equal(changed?.status, 200);
  assert.equal((await api.send('/auth/logout', undefined, changed.access))?.status, 204);
}

for (const [how, observer] of Object.entries(observers)) {
  const skip = observer.isHere ? false : 'needs Linux, and a strace that may trace';

  test(`SQLite, seen ${how}: on the disk before the answer`, { skip }, async (t) => {
    assert.deepEqual(await observe(t, observer), { durable: asked, faults: [] });
  });

  test(`SQLite, seen ${how}: a writer that does not wait for the disk is caught`, {
    skip,
  }, async (t) => {
    const { durable, faults } = await observe(t, observer, [syncNever]);
    assert.deepEqual(durable, []);
    assert.match(faults.join('\n'), /logout was answered 204 before what it wrote was on the disk/);
  });

  test(`SQLite, seen ${how}: a writer that answers before the commit is caught`, {
    skip,
  }, async (t) => {
    const { durable, faults } = await observe(t, observer, [answerEarly]);
    assert.deepEqual(durable, []);
    assert.match(faults.join('\n'), /logout was answered 204 before it was committed/);
  });
}

/** Records each file of a folder that is forced to the disk, and the files that the folder has at that moment. */
async function recordSyncs(t: TestContext, folder: string): Promise<[string, string[]][]> {
  const syncs: [string, string[]][] = [];
  const handle = await open(folder, 'r');
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const { sync } = prototype;
  t.mock.method(prototype, 'sync', function (this: FileHandle) {
    const synced = relative(folder, readlinkSync(`/proc/self/fd/${this.fd}`));
    const files = readdirSync(folder).filter((name) => !name.endsWith('.tmp'));
    syncs.push([synced.replace(/[0-9a-f]{16}/, '#'), files.sort()]);
    return sync.call(this);
  });
  return syncs;
}

const skip = process.platform === 'linux' ? false : 'needs the names of open files';

test('the secret is on the disk before it has its name, and then the name is', {
  skip,
}, async (t) => {
  const folder = await createFolder(t);
  const syncs = await recordSyncs(t, folder);
  await loadOrCreateSecret(folder, systemRandom);
  await prepareNextSecret(folder, systemRandom);
  await adoptNextSecret(folder);
  assert.deepEqual(syncs, [
    ['secret.#.tmp', []],
    ['', ['secret']],
    ['secret.#.tmp', ['secret']],
    ['', ['secret', 'secret.next']],
    ['', ['secret']],
  ]);
});

test('a backup is on the disk before it has its name, and then the name is', {
  skip,
}, async (t) => {
  const path = join(await createFolder(t), 'latchkey.db');
  await (await openSqliteStore({ path })).close();
  const folder = await createFolder(t);
  const syncs = await recordSyncs(t, folder);
  await backUp({ kind: 'sqlite', path }, join(folder, 'a.backup'), systemClock, () => {});
  assert.deepEqual(syncs, [
    ['a.backup.part', ['a.backup.part']],
    ['', ['a.backup']],
  ]);
});
