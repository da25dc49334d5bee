/** What a server does when ten times as many people sign in as it can hash passwords. */
import { readFileSync } from 'node:fs';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { formatNumber } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import type { FixedLoad, Load, LoadResult } from '../load/load.ts';
import { createFormRequest, createRequest } from '../load/request.ts';
import { findPython, startFastApi } from '../servers/fastapi-server.ts';
import type { ServerQuestion } from '../servers/server-process.ts';
import type { StandaloneSetup, StandaloneStarted } from '../servers/standalone-server.ts';

/** Times the capacity. */
const OVERLOAD = 10;
/** Users who sign in from known devices, and their share of the capacity. */
const KNOWN_USERS = 8;
const KNOWN_SHARE = 0.2;
const REFRESHES_PER_SECOND = 20;
const MEMORY_SAMPLE_MS = 500;
const MAX_QUEUE = 256;
/** More than wait for a hash, so that a refusal does not wait behind a login on its connection. */
const STRANGER_CONNECTIONS = 400;

type Client = Child<Load, LoadResult>;

/** A server under the storm, with the requests it understands. */
interface System {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly logins: readonly string[];
  /** Undefined: it does not tell devices apart. */
  readonly knownLogins: readonly string[] | undefined;
  readonly refreshes: readonly string[];
  stop(): void;
}

interface Figures {
  /** Logins per second without a storm. */
  readonly capacity: number;
  readonly strangers: LoadResult;
  readonly known: LoadResult | undefined;
  readonly refresh: LoadResult;
  /** MiB */
  readonly memoryBefore: number;
  readonly memoryPeak: number;
}

export const overload: Bench = {
  name: 'overload',
  summary: `${OVERLOAD} times as many logins as can be hashed, for a minute`,
  async run({ quick }) {
    const seconds = quick ? 3 : 60;
    const clients = Array.from(
      { length: 3 },
      (): Client => startChild(new URL('../load/client.ts', import.meta.url)),
    );
    const python = findPython();
    const openers = [
      () => openLatchkey(seconds * REFRESHES_PER_SECOND + KNOWN_USERS),
      ...(python === undefined
        ? []
        : [
            async (): Promise<System> => {
              const { port, pid, refreshToken, stop } = await startFastApi(python);
              const user = { username: 'user-0', password: 'correct horse battery' };
              return {
                name: 'FastAPI',
                pid,
                port,
                logins: [createFormRequest('/login', user)],
                knownLogins: undefined,
                refreshes: [createRequest('POST', '/refresh', {}, { refresh_token: refreshToken })],
                stop,
              };
            },
          ]),
    ];
    const results: [string, Figures][] = [];
    for (const open of openers) {
      showProgress('overload: signing up users');
      const system = await open();
      results.push([system.name, await storm(system, clients, seconds)]);
      system.stop();
    }
    for (const client of clients) client.stop();
    return [createTable(results, seconds, python?.versions)];
  },
};

async function openLatchkey(users: number): Promise<System> {
  const server: Child<ServerQuestion<StandaloneSetup>, StandaloneStarted> = startChild(
    new URL('../servers/standalone-server.ts', import.meta.url),
  );
  const started = await server.ask({
    start: {
      folder: createDiskFolder(),
      users,
      refreshGrace: '30s',
      hashing: 'real',
      maxQueue: MAX_QUEUE,
    },
  });
  const createLogin = (
    { username, password }: StandaloneStarted['users'][number],
    headers: Readonly<Record<string, string>> = {},
  ) => createRequest('POST', '/auth/login', headers, { username, password });
  const known = started.users.slice(0, KNOWN_USERS);
  const strangers = started.users.slice(KNOWN_USERS);
  return {
    name: 'Latchkey',
    pid: server.pid,
    port: started.port,
    logins: strangers.map((user) => createLogin(user)),
    knownLogins: known.map((user) =>
      createLogin(user, { cookie: `latchkey_device=${user.deviceToken}` }),
    ),
    // Each session refreshes once.
    refreshes: strangers.map(({ refreshToken }) =>
      createRequest('POST', '/auth/refresh', {}, { refresh_token: refreshToken }),
    ),
    stop: () => server.stop(),
  };
}

async function storm(
  { name, pid, port, logins, knownLogins, refreshes }: System,
  [first, second, third]: readonly Client[],
  seconds: number,
): Promise<Figures> {
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('clients');
  const common = { kind: 'fixed', port } as const;
  showProgress(`overload: what ${name} can hash`);
  const alone = { connections: 16, pipelining: 1, requests: logins };
  const calm: FixedLoad = { ...common, ...alone, milliseconds: Math.min(seconds, 10) * 1000 };
  await first.ask({ ...calm, milliseconds: 1000 });
  const capacity = (await first.ask(calm)).served.answered / (calm.milliseconds / 1000);
  showProgress(`overload: ${OVERLOAD} × ${formatNumber(capacity)} logins/s for ${seconds} s`);
  const memoryBefore = readMemory(pid);
  let memoryPeak = memoryBefore;
  const sampler = setInterval(() => {
    memoryPeak = Math.max(memoryPeak, readMemory(pid));
  }, MEMORY_SAMPLE_MS);
  const open = { ...common, milliseconds: seconds * 1000, pipelining: 1, abandons: true };
  const [strangers, known, refresh] = await Promise.all([
    first.ask({
      ...open,
      connections: STRANGER_CONNECTIONS,
      rate: capacity * OVERLOAD,
      requests: logins,
    }),
    knownLogins &&
      second.ask({
        ...open,
        connections: 4 * KNOWN_USERS,
        rate: capacity * KNOWN_SHARE,
        requests: knownLogins,
      }),
    third.ask({ ...open, connections: 16, rate: REFRESHES_PER_SECOND, requests: refreshes }),
  ]);
  clearInterval(sampler);
  return { capacity, strangers, known, refresh, memoryBefore, memoryPeak };
}

/** MiB of memory that a process holds; not a number where the system does not tell. */
function readMemory(pid: number): number {
  try {
    const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    return Number.NaN;
  }
}

function createTable(
  results: readonly (readonly [string, Figures])[],
  seconds: number,
  versions: string | undefined,
): Table {
  const [[, latchkey] = [undefined, undefined]] = results;
  const admitted = ({ strangers, known }: Figures) =>
    (strangers.served.answered + (known?.served.answered ?? 0)) / seconds;
  const unanswered = ({ capacity, strangers }: Figures) =>
    Math.max(0, Math.round(capacity * OVERLOAD * seconds) - strangers.answered);
  const notes = [
    `${seconds} s. Strangers log in at ${OVERLOAD} times the rate that ${results.map(([name]) => name).join(' and ')} could hash before; at the same time users of known devices at ${KNOWN_SHARE} of that rate, and ${REFRESHES_PER_SECOND} sessions refresh each second. No client waits for an answer before it sends the next request.`,
    'Clients and server share the cores. “Refused” is 429 or 503; “unanswered” had no answer at the end.',
    ...(versions === undefined ? [] : [`${versions}, one process; it hashes with scrypt.`]),
  ];
  if (latchkey !== undefined) {
    const { capacity, known, refresh, strangers } = latchkey;
    const share = admitted(latchkey) / capacity;
    const servedShare = (known?.served.answered ?? 0) / (known?.answered ?? Number.NaN);
    notes.unshift(
      createVerdict('0.9 of the capacity admitted', formatNumber(share), share >= 0.9),
      createVerdict(
        'refusals in under 100 ms (p99)',
        `${formatNumber(strangers.refused.p99)} ms`,
        strangers.refused.p99 < 100,
      ),
      createVerdict(
        'every known device served',
        `${formatNumber(servedShare * 100)} %`,
        servedShare === 1,
      ),
      createVerdict(
        'refresh p99 under 50 ms',
        `${formatNumber(refresh.served.p99)} ms`,
        refresh.served.p99 < 50,
      ),
    );
  }
  return {
    title: 'A minute of ten times too many logins',
    columns: [
      '',
      'capacity, logins/s',
      'admitted/s',
      'refused/s',
      'refused p99 ms',
      'unanswered',
      'known: served, of',
      'known p99 ms',
      'refresh p99 ms',
      'memory MiB, before → peak',
    ],
    rows: results.map(([name, figures]) => {
      const { capacity, strangers, known, refresh, memoryBefore, memoryPeak } = figures;
      return [
        name,
        formatNumber(capacity),
        formatNumber(admitted(figures)),
        formatNumber(strangers.refused.answered / seconds),
        strangers.refused.answered === 0 ? '–' : formatNumber(strangers.refused.p99),
        String(unanswered(figures)),
        known === undefined ? '–' : `${known.served.answered} of ${known.answered}`,
        known === undefined ? '–' : formatNumber(known.served.p99),
        refresh.served.answered === 0 ? '–' : formatNumber(refresh.served.p99),
        `${formatNumber(memoryBefore)} → ${formatNumber(memoryPeak)}`,
      ];
    }),
    notes,
  };
}
