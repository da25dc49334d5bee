/**
 * Holds a PostgreSQL server for the process that forked it. When that process ends, in whatever way, the
 * channel to it breaks: then the server is stopped and its folder removed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Binaries, findBinaries } from './postgres-binaries.ts';

export interface StartOrder {
  readonly flags: readonly string[];
  /** Lines put before those of pg_hba.conf. */
  readonly hba?: readonly string[] | undefined;
  /** The server's certificate and its key, as PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** What the keeper is told to do, and answers when it is done. */
export type Order =
  | { readonly start: StartOrder }
  | { readonly restart: true }
  | { readonly signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL' };
export type Report =
  | { readonly port: number; readonly password: string }
  | { readonly error: string };

/** PostgreSQL does not run as root. The user `nobody` exists everywhere. */
const user = process.getuid?.() === 0 ? findNobody() : undefined;
const identity = user === undefined ? {} : { uid: user, gid: user };
const folder = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
const data = join(folder, 'data');
const environment = { PATH: process.env['PATH'], LC_ALL: 'C' };
/** Where the first server of a test run leaves its fresh cluster for the others. Undefined outside of `npm test`. */
const runFolder = process.env['TEST_RUN_FOLDER'];

let binaries: Binaries | undefined;
let server: ChildProcess | undefined;
let flags: readonly string[] = [];
let port = 0;
let password = '';

function findNobody(): number {
  return Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
}

/** PostgreSQL reads the key of its certificate only where it is its own file. */
function writeOwn(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (user !== undefined) chownSync(path, user, user);
}

/** Makes a cluster in `data` whose owner has the password. */
function initialise({ initdb }: Binaries): void {
  const passwordFile = join(folder, 'password');
  writeOwn(passwordFile, password);
  const options = ['--username=latchkey', '--auth=password', '--encoding=UTF8', '--locale=C'];
  execFileSync(
    initdb,
    [`--pgdata=${data}`, `--pwfile=${passwordFile}`, ...options, '--no-sync', '--no-instructions'],
    { ...identity, env: environment, stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

/** PostgreSQL opens only a folder of its own user that is closed to others. */
function copyCluster(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  chmodSync(to, 0o700);
  if (user === undefined) return;
  chownSync(to, user, user);
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    chownSync(join(to, name), user, user);
  }
}

/** Copies the cluster of this test run, which takes a fifth of the time that making one takes. */
function provideCluster(found: Binaries): void {
  const template = join(runFolder ?? folder, 'postgres');
  if (existsSync(template)) {
    password = readFileSync(join(template, 'password'), 'utf8');
    copyCluster(join(template, 'data'), data);
    return;
  }
  password = randomBytes(12).toString('hex');
  initialise(found);
  if (runFolder === undefined) return;
  // Renamed when it is whole: another keeper sees all of it or nothing. The first one wins.
  const draft = mkdtempSync(join(runFolder, 'draft-'));
  writeFileSync(join(draft, 'password'), password, { mode: 0o600 });
  copyCluster(data, join(draft, 'data'));
  try {
    renameSync(draft, template);
  } catch {
    rmSync(draft, { recursive: true });
  }
}

async function prepare({ hba = [], tls }: StartOrder): Promise<Binaries> {
  if (user !== undefined) chownSync(folder, user, user);
  const found = await findBinaries(user, folder);
  provideCluster(found);
  const hbaFile = join(data, 'pg_hba.conf');
  if (hba.length > 0) {
    writeOwn(hbaFile, [...hba, readFileSync(hbaFile, 'utf8')].join('\n'));
  }
  if (tls !== undefined) {
    writeOwn(join(data, 'server.crt'), tls.cert);
    writeOwn(join(data, 'server.key'), tls.key);
  }
  return found;
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Resolves to nothing once the server takes connections, or to its words if it ends before. */
function launch(postgres: string): Promise<string | undefined> {
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'lc_messages=C',
    // It protects from a crash of the machine. Tests kill only the server, whose writes the machine keeps.
    'fsync=off',
  ];
  const child = spawn(
    postgres,
    ['-D', data, '-p', String(port), ...[...settings, ...flags].flatMap((it) => ['-c', it])],
    { ...identity, env: environment, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  server = child;
  return new Promise((resolve) => {
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-10_000);
      if (words.includes('ready to accept connections')) resolve(undefined);
    });
    child.on('error', (error) => resolve(error.message));
    child.on('close', () => resolve(words));
  });
}

async function start(choosePort: boolean): Promise<void> {
  if (binaries === undefined) throw new Error('The server was not initialised.');
  for (let attempt = 1; ; attempt++) {
    if (choosePort) port = await findFreePort();
    const failure = await launch(binaries.postgres);
    if (failure === undefined) return;
    // Another program took the port, or some processes of a killed server still run.
    if (attempt === 200) throw new Error(failure);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

async function obey(order: Order): Promise<void> {
  if ('start' in order) {
    binaries = await prepare(order.start);
    ({ flags } = order.start);
    await start(true);
  } else if ('restart' in order) {
    await start(false);
  } else {
    await stop(order.signal);
  }
}

async function clear(): Promise<void> {
  await stop('SIGQUIT');
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  process.exit();
}

// A key pressed in the terminal reaches this process too; it ends when its parent does.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => void clear());
process.on('message', (order: Order) => {
  const report = (it: Report) => process.connected && process.send?.(it);
  obey(order).then(
    () => report({ port, password }),
    (error: unknown) => report({ error: error instanceof Error ? error.message : String(error) }),
  );
});
