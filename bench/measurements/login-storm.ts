/** Whether logins, each of which hashes for milliseconds, slow a protected route down. */
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { summarise } from '../lib/report/statistics.ts';
import type { FixedLoad, Load, LoadResult } from '../load/load.ts';
import { createRequest } from '../load/request.ts';
import type { CpuTime, ServerQuestion } from '../servers/server-process.ts';
import type { StandaloneSetup, StandaloneStarted } from '../servers/standalone-server.ts';

const USERS = 200;
const LOGIN_CLIENTS = 32;
/** Requests per second of a route that is busy but not full, to see how long it takes then. */
const STEADY_RATE = 5000;

type Server = Child<ServerQuestion<StandaloneSetup>, StandaloneStarted & CpuTime>;
type Client = Child<Load, LoadResult>;

interface Phase {
  readonly name: string;
  readonly route: Pick<FixedLoad, 'connections' | 'pipelining' | 'rate'> | undefined;
  readonly hasLogins: boolean;
}

const full = { connections: 16, pipelining: 4 };
const steady = { connections: 64, pipelining: 1, rate: STEADY_RATE };
const phases = [
  { name: 'full load', route: full, hasLogins: false },
  { name: 'full load, and logins', route: full, hasLogins: true },
  { name: 'steady load', route: steady, hasLogins: false },
  { name: 'steady load, and logins', route: steady, hasLogins: true },
  { name: 'logins alone', route: undefined, hasLogins: true },
] as const satisfies readonly Phase[];

interface Figures {
  readonly route: LoadResult | undefined;
  readonly logins: LoadResult | undefined;
}

export const loginStorm: Bench = {
  name: 'login-storm',
  summary: `the protected route while ${LOGIN_CLIENTS} clients log in without pause`,
  async run({ quick }) {
    const rounds = quick ? 2 : 7;
    const milliseconds = quick ? 500 : 2000;
    showProgress(`login-storm: signing up ${USERS} users`);
    const server: Server = startChild(new URL('../servers/standalone-server.ts', import.meta.url));
    const clientFile = new URL('../load/client.ts', import.meta.url);
    const clients: Record<'route' | 'logins', Client> = {
      route: startChild(clientFile),
      logins: startChild(clientFile),
    };
    const { port, users } = await server.ask({
      start: { folder: createDiskFolder(), users: USERS, refreshGrace: '30s', hashing: 'real' },
    });
    const protectedRequests = users.map(({ accessToken }) =>
      createRequest('GET', '/protected', { authorization: `Bearer ${accessToken}` }),
    );
    const loginRequests = users
      .slice(0, LOGIN_CLIENTS)
      .map(({ username, password }) =>
        createRequest('POST', '/auth/login', {}, { username, password }),
      );
    const results = new Map<string, Figures[]>(phases.map(({ name }) => [name, []]));
    for (let round = -1; round <= rounds; round++) {
      showProgress(`login-storm: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const { name, route, hasLogins } of phases) {
        const common = { kind: 'fixed', port, milliseconds } as const;
        const logins = { connections: LOGIN_CLIENTS, pipelining: 1 };
        const [routeResult, loginResult] = await Promise.all([
          route && ask(clients.route, { ...common, ...route, requests: protectedRequests }),
          hasLogins
            ? ask(clients.logins, { ...common, ...logins, requests: loginRequests })
            : undefined,
        ]);
        if (round > 0) results.get(name)?.push({ route: routeResult, logins: loginResult });
      }
    }
    for (const child of [server, clients.route, clients.logins]) child.stop();
    return [createTable(results, rounds, milliseconds)];
  },
};

async function ask(client: Client, load: Load): Promise<LoadResult> {
  const result = await client.ask(load);
  if (result.failed > 0) throw new Error(`${result.failed} answers were not 2xx.`);
  return result;
}

function createTable(
  results: ReadonlyMap<string, readonly Figures[]>,
  rounds: number,
  milliseconds: number,
): Table {
  const route = (name: string, figure: 'rate' | 'p50' | 'p99') =>
    (results.get(name) ?? []).flatMap((it) => (it.route === undefined ? [] : it.route[figure]));
  const logins = (name: string) =>
    (results.get(name) ?? []).flatMap((it) => (it.logins === undefined ? [] : it.logins.rate));
  const format = (values: readonly number[], digits?: number) =>
    values.length === 0 ? '–' : formatSummary(summarise(values), digits);
  const unloaded = route('full load', 'rate');
  const ratios = route('full load, and logins', 'rate').map(
    (rate, round) => rate / (unloaded[round] ?? Number.NaN),
  );
  const ratio = summarise(ratios);
  return {
    title: 'A protected route during a storm of logins',
    columns: ['', 'requests/s', 'p50 ms', 'p99 ms', 'logins/s'],
    rows: phases.map(({ name }) => [
      name,
      format(route(name, 'rate')),
      format(route(name, 'p50')),
      format(route(name, 'p99')),
      format(logins(name)),
    ]),
    notes: [
      createVerdict('0.9 of the unloaded rate', formatSummary(ratio, 2), ratio.median >= 0.9),
      `${LOGIN_CLIENTS} clients log in without pause, argon2id at its default cost; medians of ${rounds} rounds of all phases in turn (least–greatest), ${milliseconds / 1000} s each; the ratio is taken within a round.`,
      `Full load: ${full.connections} connections with ${full.pipelining} requests on each, as fast as they are answered. Steady load: ${STEADY_RATE} requests/s, evenly spread, each timed from the moment that the rate set for it.`,
      'Clients and server share the cores. Hashing runs at the lowest priority, so a full load leaves it next to nothing: see logins/s.',
    ],
  };
}
