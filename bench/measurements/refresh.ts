/** Durable refreshes: each rotates the session, and is on the disk before the response. */
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { measureSync } from '../lib/data/disk.ts';
import { startPostgres } from '../lib/data/postgres.ts';
import { formatNumber, formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { summarise } from '../lib/report/statistics.ts';
import type { Load, LoadResult } from '../load/load.ts';
import type { DirectQuestion } from '../servers/direct-caller.ts';
import type { CpuTime, ServerQuestion } from '../servers/server-process.ts';
import type { StandaloneSetup, StandaloneStarted } from '../servers/standalone-server.ts';

const CLIENTS = 32;

type Server = Child<ServerQuestion<StandaloneSetup>, StandaloneStarted & CpuTime>;
type Client = Child<Load, LoadResult>;
type Direct = Child<DirectQuestion, number>;

/** One database with what refreshes on it: a server, and calls without one. */
interface Contender {
  readonly name: string;
  readonly server: Server;
  readonly direct: Direct;
  readonly port: number;
  tokens: readonly string[];
  readonly rounds: Round[];
}

interface Round {
  readonly http: LoadResult;
  /** Refreshes per second without HTTP. */
  readonly calls: number;
  /** CPU of the server for each refresh, µs: its event loop, and its other threads. */
  readonly eventLoop: number;
  readonly threads: number;
}

export const refresh: Bench = {
  name: 'refresh',
  summary: `durable refreshes per second over HTTP with ${CLIENTS} clients, on both databases`,
  async run({ quick }) {
    const rounds = quick ? 2 : 8;
    const milliseconds = quick ? 500 : 2000;
    showProgress('refresh: starting servers');
    const postgres = await startPostgres();
    const client: Client = startChild(new URL('../load/client.ts', import.meta.url));
    const contenders = [
      await open('SQLite', async () => undefined),
      await open('PostgreSQL', () => postgres.createDatabase()),
    ];
    const syncFolder = createDiskFolder();
    const syncs: number[] = [];
    for (let round = -1; round <= rounds; round++) {
      showProgress(`refresh: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const contender of contenders) {
        const measured = await measure(contender, client, milliseconds);
        if (round >= 1) contender.rounds.push(measured);
      }
      if (round >= 1) syncs.push(measureSync(syncFolder, 200).median);
    }
    client.stop();
    for (const { server, direct } of contenders) {
      server.stop();
      direct.stop();
    }
    await postgres.stop();
    return [createTable(contenders, syncs, { rounds, seconds: milliseconds / 1000 })];
  },
};

async function open(
  name: string,
  createDatabase: () => Promise<string | undefined>,
): Promise<Contender> {
  const server: Server = startChild(new URL('../servers/standalone-server.ts', import.meta.url));
  const direct: Direct = startChild(new URL('../servers/direct-caller.ts', import.meta.url));
  const setup = { folder: createDiskFolder(), databaseUrl: await createDatabase() };
  const { port, users } = await server.ask({
    start: { ...setup, users: CLIENTS, refreshGrace: '0s', hashing: 'cheap' },
  });
  const apart = { folder: createDiskFolder(), databaseUrl: await createDatabase() };
  await direct.ask({ open: { ...apart, callers: CLIENTS } });
  const tokens = users.map(({ refreshToken }) => refreshToken);
  return { name, server, direct, port, tokens, rounds: [] };
}

async function measure(it: Contender, client: Client, milliseconds: number): Promise<Round> {
  const { server, direct, port, tokens } = it;
  const before = await server.ask({ cpu: true });
  const http = await client.ask({
    kind: 'refresh',
    port,
    tokens,
    connections: CLIENTS,
    milliseconds,
  });
  const after = await server.ask({ cpu: true });
  if (http.failed > 0) throw new Error(`${http.failed} answers were not 2xx.`);
  it.tokens = http.tokens;
  const calls = (await direct.ask({ milliseconds })) / (milliseconds / 1000);
  const eventLoop = (after.eventLoop - before.eventLoop) / http.answered;
  const whole = (after.process - before.process) / http.answered;
  return { http, calls, eventLoop, threads: whole - eventLoop };
}

function createTable(
  contenders: readonly Contender[],
  syncs: readonly number[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Table {
  const row = (name: string, read: (round: Round) => number) => [
    name,
    ...contenders.map((it) => formatSummary(summarise(it.rounds.map(read)))),
  ];
  const onSqlite = summarise(contenders[0]?.rounds.map(({ http }) => http.rate) ?? []);
  return {
    title: 'Durable refreshes',
    columns: ['median (least–greatest)', ...contenders.map(({ name }) => name)],
    rows: [
      row('over HTTP, refreshes/s', ({ http }) => http.rate),
      row('over HTTP, p50 ms', ({ http }) => http.p50),
      row('over HTTP, p99 ms', ({ http }) => http.p99),
      row('without HTTP, refreshes/s', ({ calls }) => calls),
      row('server’s event loop, CPU µs each', ({ eventLoop }) => eventLoop),
      row('server’s other threads, CPU µs each', ({ threads }) => threads),
      row('client, share of a core', ({ http }) => http.clientCpu),
    ],
    notes: [
      createVerdict(
        '5,000 per second over HTTP on SQLite',
        formatNumber(onSqlite.median),
        onSqlite.median >= 5000,
      ),
      `${CLIENTS} clients, each with a session of its own that it refreshes without pause; a grace of 0, so every refresh rotates and is committed before its answer, by SQLite with synchronous=FULL, by PostgreSQL with its defaults; ${rounds} rounds of ${seconds} s, both databases in turn, with and without HTTP.`,
      `PostgreSQL runs on the same cores. 4 KiB written and synced to this disk: ${formatSummary(summarise(syncs))} ms.`,
    ],
  };
}
