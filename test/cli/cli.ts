import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { run } from '../../src/cli/run.ts';

export const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that is gone after the test. */
export async function createFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The program as a process of its own, in a folder, with no settings but those given. */
export function spawnCli(
  folder: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_'));
  return spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...Object.fromEntries(kept), ...variables },
    stdio: 'pipe',
  });
}

/** Runs the program to its end, which it must reach by itself. */
export async function execCli(
  folder: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const child = spawnCli(folder, args, env);
  // A command that fails immediately does not read standard input.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  return await collect(child);
}

export async function collect(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('spawned without pipes');
  const [out, err] = await Promise.all([
    text(stdout),
    text(stderr),
    child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined,
  ]);
  return { code: child.exitCode, stdout: out, stderr: err };
}

/** Runs a command in this process. A password is typed at a terminal, or piped. */
export async function runCli(
  folder: string,
  args: readonly string[],
  {
    typed,
    piped = '',
    columns,
  }: { typed?: readonly string[]; piped?: string | Buffer; columns?: number } = {},
): Promise<Ended & { readonly rawModes: readonly boolean[] }> {
  const rawModes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: typed !== undefined,
    setRawMode: (mode: boolean) => rawModes.push(mode),
  });
  if (typed === undefined) stdin.end(piped);
  const stdout = Object.assign(new PassThrough(), { columns });
  const stderr = new PassThrough();
  const answers = [...(typed ?? [])];
  let said = '';
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    // A person types when the question stands there.
    if (/(: |\[y\/N\] )$/.test(stripVTControlCharacters(said))) {
      const answer = answers.shift();
      said = '';
      if (answer !== undefined) setImmediate(() => stdin.write(answer));
    }
  });
  const texts = Promise.all([text(stdout), text(stderr)]);
  const code = await run({
    argv: [...args, ...(takesData(args) ? ['--data-dir', join(folder, 'data')] : [])],
    env: {},
    envFile: false,
    stdin,
    stdout,
    stderr,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await texts;
  return { code, stdout: out, stderr: err, rawModes };
}

const home = process.cwd();
let lastInFolder: Promise<unknown> = Promise.resolve();

/**
 * Like {@link execCli}, but in this process, which saves most of the time. Commands run one after another, as the
 * working directory belongs to the process. `serve` needs a process of its own.
 */
export function runCliIn(
  folder: string,
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  const ended = lastInFolder.then(async () => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const texts = Promise.all([text(stdout), text(stderr)]);
    stdin.end(input);
    process.chdir(folder);
    try {
      const code = await run({ argv: args, env, stdin, stdout, stderr });
      stdout.end();
      stderr.end();
      const [out, err] = await texts;
      return { code, stdout: out, stderr: err };
    } finally {
      process.chdir(home);
    }
  });
  // A command that rejects is its caller's failure, and not that of the next one.
  lastInFolder = ended.catch(() => {});
  return ended;
}

function takesData(args: readonly string[]): boolean {
  return (
    ['users', 'sessions', 'clients', 'keys', 'secret', 'audit', 'mails'].includes(args[0] ?? '') &&
    args.length > 1 &&
    !args.includes('--help')
  );
}

export interface RunningServer {
  readonly url: string;
  readonly banner: Readonly<Record<string, unknown>>;
  readonly child: ChildProcess;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number | null>;
}

/** Starts `latchkey serve --json` on a free port, its data in the folder. Killed after the test. */
export async function startServer(
  t: TestContext,
  folder: string,
  args: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const child = spawnCli(folder, ['serve', '--port', '0', '--json', ...args], variables);
  t.after(() => child.kill('SIGKILL'));
  const banner: unknown = JSON.parse(await readLine(child));
  if (!isRecord(banner)) throw new Error('the banner is no object');
  child.stdout?.resume();
  return {
    url: String(banner['url']),
    banner,
    child,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}

/** The first line of standard output. Rejects with what was said when the process ends without one. */
export async function readLine({ stdout, stderr }: ChildProcess): Promise<string> {
  let out = '';
  let err = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    const end = out.indexOf('\n');
    if (end >= 0) resolve(out.slice(0, end));
  });
  stdout?.on('end', () => reject(new Error(`ended without a line: ${err}`)));
  return await promise;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls the server; a body makes it a POST of JSON. */
export async function call(
  url: string,
  { token, body }: { token?: unknown; body?: unknown } = {},
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${String(token)}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer: unknown = await response.json().catch(() => ({}));
  return { status: response.status, body: isRecord(answer) ? answer : {} };
}
