/** Durable refreshes: each one rotates the session, and is on the disk before it is answered. */
import type { Bench } from './lib/bench.ts';
import { type Child, startChild } from './lib/child.ts';
import { createDiskFolder } from './lib/cleanup.ts';
import { measureSync } from './lib/disk.ts';
import { createVerdict, formatNumber, formatSummary, showProgress } from './lib/report.ts';
import { summarise } from './lib/statistics.ts';
import type { Load, LoadResult } from './load/load.ts';
import type { DirectQuestion } from './servers/direct-refresh.ts';
import type { CpuTime, ServerQuestion } from './servers/server.ts';
import type { StandaloneSetup, StandaloneStarted } from './servers/standalone.ts';

const CLIENTS = 32;

type Server = Child<ServerQuestion<StandaloneSetup>, StandaloneStarted & CpuTime>;
type Client = Child<Load, LoadResult>;

export const refresh: Bench = {
  name: 'refresh',
  summary: `durable refreshes per second over HTTP with ${CLIENTS} clients`,
  async run({ quick }) {
    const rounds = quick ? 2 : 8;
    const milliseconds = quick ? 500 : 2000;
    const server: Server = startChild(new URL('./servers/standalone.ts', import.meta.url));
    const client: Client = startChild(new URL('./load/client.ts', import.meta.url));
    const direct: Child<DirectQuestion, number> = startChild(
      new URL('./servers/direct-refresh.ts', import.meta.url),
    );
    const { port, users } = await server.ask({
      start: { folder: createDiskFolder(), users: CLIENTS, refreshGrace: '0s', hashing: 'cheap' },
    });
    await direct.ask({ open: { folder: createDiskFolder(), callers: CLIENTS } });
    const syncFolder = createDiskFolder();

    let tokens = users.map(({ refreshToken }) => refreshToken);
    const http: LoadResult[] = [];
    const calls: number[] = [];
    const eventLoop: number[] = [];
    const whole: number[] = [];
    const syncs: number[] = [];
    for (let round = -1; round <= rounds; round++) {
      showProgress(`refresh: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      const before = await server.ask({ cpu: true });
      const result = await client.ask({ kind: 'refresh', port, tokens, milliseconds });
      const after = await server.ask({ cpu: true });
      if (result.failed > 0) throw new Error(`${result.failed} answers were not 2xx.`);
      tokens = [...result.tokens];
      const count = await direct.ask({ milliseconds });
      const sync = measureSync(syncFolder, 200);
      if (round < 1) continue;
      http.push(result);
      calls.push(count / (milliseconds / 1000));
      eventLoop.push((after.eventLoop - before.eventLoop) / result.answered);
      whole.push((after.process - before.process) / result.answered);
      syncs.push(sync.median);
    }
    for (const child of [server, client, direct]) child.stop();

    const rate = summarise(http.map((result) => result.rate));
    const format = (figure: 'p50' | 'p99' | 'clientCpu') =>
      formatSummary(summarise(http.map((result) => result[figure])));
    return [
      {
        title: 'Durable refreshes',
        columns: ['', 'median (least–greatest)'],
        rows: [
          ['over HTTP, refreshes/s', formatSummary(rate)],
          ['over HTTP, p50 ms', format('p50')],
          ['over HTTP, p99 ms', format('p99')],
          ['without HTTP, refreshes/s', formatSummary(summarise(calls))],
          ['server’s event loop, CPU µs each', formatSummary(summarise(eventLoop))],
          [
            'server’s other threads, CPU µs each',
            formatSummary(summarise(whole.map((it, round) => it - (eventLoop[round] ?? 0)))),
          ],
          ['client, share of a core', format('clientCpu')],
          ['4 KiB written and synced to this disk, ms', formatSummary(summarise(syncs))],
        ],
        notes: [
          createVerdict(
            '5,000 per second over HTTP',
            formatNumber(rate.median),
            rate.median >= 5000,
          ),
          `${CLIENTS} clients, each with a session of its own that it refreshes without pause; a grace of 0, so every refresh rotates and is committed with synchronous=FULL before its answer; ${rounds} rounds of ${milliseconds / 1000} s, in turn with the same calls without HTTP.`,
        ],
      },
    ];
  },
};
