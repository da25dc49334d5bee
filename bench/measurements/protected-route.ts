/** What a guard costs a Fastify route, beside a bare route and @fastify/jwt. */
import type { Bench, BenchOptions } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { type Algorithm, createKeys } from '../lib/data/keys.ts';
import { formatNumber, formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { type Summary, summarise } from '../lib/report/statistics.ts';
import { describeBusyness, measureRoute, Results, type Route, trafficNote } from '../lib/routes.ts';
import type { Load, LoadResult } from '../load/load.ts';
import { createRequest } from '../load/request.ts';
import type {
  ProtectedRouteSetup,
  ProtectedRouteStarted,
} from '../servers/protected-route-server.ts';
import type { CpuTime, ServerQuestion } from '../servers/server-process.ts';

const algorithms: readonly Algorithm[] = ['HS256', 'ES256', 'RS256'];
const USERS = 1000;
/** Rounds after which V8 has compiled all hot code of a server, found by experiment. */
const WARM_UP_ROUNDS = 4;

type Server = Child<ServerQuestion<ProtectedRouteSetup>, ProtectedRouteStarted & CpuTime>;

interface Contender extends Route {
  readonly server: Server;
}

export const protectedRoute: Bench = {
  name: 'protected-route',
  summary: 'a route behind app.requireUser(), bare, and behind @fastify/jwt',
  async run(options) {
    const { sets, rounds } = options.quick ? { sets: 1, rounds: 2 } : { sets: 2, rounds: 7 };
    const results = new Results();
    for (let set = 1; set <= sets; set++) {
      await measureSet(results, options, rounds, (what) =>
        showProgress(`protected-route: set ${set} of ${sets}, ${what}`),
      );
    }
    return [createTable(results, sets, rounds)];
  },
};

/** Two processes of the same program differ a little as long as they live, so each set has new ones. */
async function measureSet(
  results: Results,
  { quick }: BenchOptions,
  rounds: number,
  progress: (what: string) => void,
): Promise<void> {
  const milliseconds = quick ? 300 : 1000;
  progress('starting the servers');
  const client = startChild<Load, LoadResult>(new URL('../load/client.ts', import.meta.url));
  const contenders = await startContenders();
  try {
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round++) {
      progress(round < 1 ? 'warming up' : `round ${round} of ${rounds}`);
      for (const contender of contenders) {
        const figures = await measureRoute(client, contender, milliseconds);
        if (round > 0) results.add(contender.name, figures);
      }
    }
  } finally {
    for (const child of [client, ...contenders.map(({ server }) => server)]) child.stop();
  }
}

async function startContenders(): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const algorithm of algorithms) {
    const keys = createKeys(algorithm);
    const guarded = await start({ guard: 'latchkey', keys, users: USERS });
    // All get the same requests.
    const requests = guarded.tokens.map((token) =>
      createRequest('GET', '/protected', { authorization: `Bearer ${token}` }),
    );
    const bare = await start({ guard: 'none' });
    const plain = await start({ guard: '@fastify/jwt', keys, cache: false });
    const cached = await start({ guard: '@fastify/jwt', keys, cache: 10 * USERS });
    const add = (name: string, { server, port }: { server: Server; port: number }) =>
      contenders.push({
        name: `${name}, ${algorithm}`,
        server,
        port,
        requests,
        readCpu: () => server.ask({ cpu: true }),
      });
    add('bare', bare);
    add('app.requireUser()', guarded);
    add('@fastify/jwt', plain);
    add('@fastify/jwt with cache', cached);
    if (algorithm === 'HS256') add('bare again', await start({ guard: 'none' }));
  }
  return contenders;
}

async function start(
  setup: ProtectedRouteSetup,
): Promise<{ server: Server; port: number; tokens: readonly string[] }> {
  const server: Server = startChild(
    new URL('../servers/protected-route-server.ts', import.meta.url),
  );
  return { server, ...(await server.ask({ start: setup })) };
}

function createTable(results: Results, sets: number, rounds: number): Table {
  const rows: string[][] = [];
  const ratios = new Map<string, Summary>();
  const against = (name: string, base: string) => {
    const ratio = summarise(results.compare(name, base, ({ rate }) => rate));
    ratios.set(`${name} / ${base}`, ratio);
    return formatSummary(ratio, 2);
  };
  const byCpu = (name: string, base: string) =>
    summarise(results.compare(name, base, ({ cpu }) => 1 / cpu)).median;
  for (const [name, figures] of results) {
    const algorithm = name.slice(name.lastIndexOf(' ') + 1);
    const isBare = name === `bare, ${algorithm}`;
    const isPeer = name.startsWith('@');
    rows.push([
      name,
      formatSummary(summarise(figures.map(({ rate }) => rate))),
      formatNumber(summarise(figures.map(({ cpu }) => cpu)).median),
      isBare ? '1' : against(name, `bare, ${algorithm}`),
      isBare ? '1' : byCpu(name, `bare, ${algorithm}`).toFixed(2),
      isPeer ? against(`app.requireUser(), ${algorithm}`, name) : '',
    ]);
  }
  const least = (prefix: string, base: string) =>
    Math.min(
      ...algorithms.map(
        (algorithm) => ratios.get(`${prefix}, ${algorithm} / ${base}, ${algorithm}`)?.median ?? 0,
      ),
    );
  const ofBare = least('app.requireUser()', 'bare');
  const ofPeer = least('app.requireUser()', '@fastify/jwt');
  const ofCached = least('app.requireUser()', '@fastify/jwt with cache');
  const cpuOfBare = Math.min(
    ...algorithms.map((it) => byCpu(`app.requireUser(), ${it}`, `bare, ${it}`)),
  );
  const cpuOfPeer = Math.min(
    ...algorithms.map((it) => byCpu(`app.requireUser(), ${it}`, `@fastify/jwt, ${it}`)),
  );
  const all = [...results.values()].flat();
  return {
    title: 'A protected route',
    columns: [
      'route',
      'requests/s',
      'server CPU µs',
      '× bare',
      '× bare by CPU',
      'requireUser() × this',
    ],
    rows,
    notes: [
      createVerdict('0.95 of the bare route', `${ofBare.toFixed(2)} at least`, ofBare >= 0.95),
      createVerdict('2.5 × @fastify/jwt', `${ofPeer.toFixed(2)} at least`, ofPeer >= 2.5),
      `By CPU: ${cpuOfBare.toFixed(2)} of the bare route and ${cpuOfPeer.toFixed(2)} × @fastify/jwt at least.`,
      `With its cache on, @fastify/jwt is ${ofCached.toFixed(2)} at least.`,
      `Medians of ${sets * rounds} rounds of all in turn (least–greatest), over ${sets} sets of processes; ratios are taken within a round.`,
      `${formatNumber(USERS)} users are signed in, each with a token of its own; ${trafficNote}; the same requests, token and all, go to every route.`,
      '“By CPU” compares requests per second of the server’s CPU time, which other work on the machine disturbs less; on a quiet machine the two agree.',
      '“bare again” is a second bare process: how far its ratio is from 1 is the error of the measurement.',
      describeBusyness(all),
    ],
  };
}
