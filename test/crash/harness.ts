import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { createFolder, isRecord, spawnCli } from '../cli/cli.ts';
import { Api, Client } from './accounts.ts';
import { checkAccount } from './check.ts';

export interface CrashOptions {
  readonly rounds: number;
  /** Each makes one call after another, and all run at the same time. */
  readonly clients: number;
  /** `random`: at a random moment of the load. A number: as soon as so many answers have come. */
  readonly killAfter: 'random' | number;
  readonly variables?: Readonly<Record<string, string>>;
}

export interface CrashReport {
  /** What was acknowledged and is not there, or was revoked and lives. */
  readonly losses: readonly string[];
  readonly accounts: number;
  readonly answers: number;
  /** ms from the start of a killed server's successor until it was ready; sorted. */
  readonly restarts: readonly number[];
}

/** Where tokens say they come from: the port changes from start to start. */
const issuer = 'https://auth.example';

/**
 * Runs the server under load, kills it, starts it again, and compares it with what it had acknowledged:
 * what was touched since the last time, and in the end everything.
 */
export async function crash(t: TestContext, options: CrashOptions): Promise<CrashReport> {
  const { rounds, killAfter, variables = {} } = options;
  const folder = await createFolder(t);
  let child: ChildProcess | undefined;
  t.after(() => child?.kill('SIGKILL'));
  const start = async (): Promise<string> => {
    child = spawnCli(folder, ['serve', '--port', '0', '--json', '--issuer', issuer], {
      // Every refresh rotates, so that each is a write that may get lost.
      LATCHKEY_REFRESH_GRACE: '0',
      ...variables,
    });
    return await waitUntilReady(child);
  };
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };

  const clients = Array.from({ length: options.clients }, () => new Client());
  const losses: string[] = [];
  const restarts: number[] = [];
  let answers = 0;
  let url = await start();
  for (let round = 0; round < rounds; round++) {
    // Counted in answers, for a busy machine must not make it a crash without a load.
    let left = killAfter === 'random' ? 10 + Math.floor(100 * Math.random()) : killAfter;
    const enough = Promise.withResolvers<void>();
    const api = new Api(url, () => {
      answers += 1;
      left -= 1;
      if (left === 0 && killAfter !== 'random') child?.kill('SIGKILL');
      if (left === 0) enough.resolve();
    });
    const load = Promise.all(clients.map((client) => client.act(api)));
    // Clients that get an answer they cannot go on from end the load by themselves.
    await Promise.race([enough.promise, load]);
    if (killAfter === 'random') await sleep(20 * Math.random());
    await kill();
    await load;
    const killed = performance.now();
    url = await start();
    restarts.push(performance.now() - killed);
    const touched = clients.flatMap(({ accounts }) => accounts.filter((it) => it.isTouched));
    losses.push(...(await checkAll(new Api(url), touched)));
  }
  const all = clients.flatMap(({ accounts }) => accounts);
  losses.push(...(await checkAll(new Api(url), all)), ...clients.flatMap(({ wrong }) => wrong));
  await kill();
  restarts.sort((a, b) => a - b);
  return { losses, accounts: all.length, answers, restarts };
}

async function checkAll(api: Api, accounts: Parameters<typeof checkAccount>[1][]) {
  return (await Promise.all(accounts.map((it) => checkAccount(api, it)))).flat();
}

/** @returns the address of the server once it says that it is ready */
export async function waitUntilReady(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  let line = '';
  for await (const chunk of child.stdout ?? []) {
    line += chunk;
    if (line.includes('\n')) break;
  }
  const banner: unknown = line === '' ? undefined : JSON.parse(line);
  if (!isRecord(banner)) throw new Error(`The server did not start: ${said}`);
  const url = String(banner['url']);
  const { status } = await fetch(`${url}/readyz`);
  if (status !== 200) throw new Error(`The server is not ready: ${status}`);
  return url;
}

/** A line to show. */
export function describe({ accounts, answers, restarts }: CrashReport): string {
  const at = (share: number) => Math.round(restarts[Math.ceil(share * restarts.length) - 1] ?? 0);
  const soon = restarts.filter((ms) => ms < 1_000).length;
  return `${restarts.length} crashes, ${answers} acknowledged answers about ${accounts} users; ready again after ${at(0.5)} ms in the median, p99 ${at(0.99)} ms, ${at(1)} ms at most; ${soon} of ${restarts.length} times in under 1 s`;
}

export const crashRounds = repetitionsOf('TEST_CRASH_ROUNDS');
