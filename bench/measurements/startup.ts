/** How long a start takes, and how much memory an idle server uses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../lib/bench.ts';
import { atExit, createDiskFolder } from '../lib/cleanup.ts';
import { formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress } from '../lib/report/report.ts';
import { type Summary, summarise } from '../lib/report/statistics.ts';
import { createRequest } from '../load/request.ts';

const root = join(import.meta.dirname, '../..');
/** From the first answer to the measurement of memory. */
const IDLE_MS = 5000;
/** A start that takes longer has failed. */
const START_LIMIT_MS = 30_000;

interface Kind {
  readonly name: string;
  readonly program: string;
  /** Each start begins with an empty folder: it makes the database, the secret and the signing key. */
  readonly isFirst: boolean;
}

const sources = join(root, 'src/cli/main.ts');
const built = join(root, 'dist/cli/main.js');
const bareFastify = join(root, 'bench/servers/bare-fastify.mjs');
const kinds = {
  bare: { name: 'a Fastify app with one route', program: bareFastify, isFirst: false },
  built: { name: '`latchkey serve` as installed (dist)', program: built, isFirst: false },
  builtFirst: {
    name: '`latchkey serve` as installed, the first ever',
    program: built,
    isFirst: true,
  },
  sources: { name: 'npm start (sources)', program: sources, isFirst: false },
  sourcesFirst: { name: 'npm start, the first ever', program: sources, isFirst: true },
} as const satisfies Record<string, Kind>;

interface Found {
  readonly milliseconds: number;
  /** MB, at rest; undefined if it was not measured. */
  readonly memory: number | undefined;
}

export const startup: Bench = {
  name: 'startup',
  summary: 'start to first answered request, and memory at rest',
  async run({ quick }) {
    const rounds = quick ? 3 : 15;
    /** Few, because each of them waits until the server is idle. */
    const memoryRounds = quick ? 1 : 3;
    await build();
    const folder = createDiskFolder();
    const results = new Map<Kind, Found[]>();
    for (let round = 0; round <= rounds; round++) {
      showProgress(`startup: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const [key, kind] of Object.entries(kinds)) {
        const data = kind.isFirst ? join(folder, `${key}-${round}`) : join(folder, key);
        const found = await measureStart(kind, data, round > 0 && round <= memoryRounds);
        // The round that warms up also makes the data that later starts find.
        if (round > 0) results.set(kind, [...(results.get(kind) ?? []), found]);
      }
    }

    const time = (kind: Kind) => summarise(results.get(kind)?.map((it) => it.milliseconds) ?? []);
    const memory = (kind: Kind): Summary | undefined => {
      const values = (results.get(kind) ?? []).flatMap((it) => it.memory ?? []);
      return values.length === 0 ? undefined : summarise(values);
    };
    const bareTimes = results.get(kinds.bare) ?? [];
    const builtTimes = results.get(kinds.built) ?? [];
    const ratios = builtTimes.map(
      (it, round) => it.milliseconds / (bareTimes[round]?.milliseconds ?? Number.NaN),
    );
    const ratio = summarise(ratios);
    const ratioVerdict = createVerdict(
      '2.4 times the start of a bare Fastify app',
      `as installed ${formatSummary(ratio, 2)}`,
      ratio.median <= 2.4,
    );
    const verdicts = [kinds.built, kinds.sources].flatMap((kind) => {
      const { median } = time(kind);
      const rest = memory(kind)?.median;
      return [
        createVerdict('400 ms', `${kind.name} ${median.toFixed(0)} ms`, median <= 400),
        ...(rest === undefined
          ? []
          : [createVerdict('110 MB', `${kind.name} ${rest.toFixed(0)} MB`, rest <= 110)]),
      ];
    });
    return [
      {
        title: 'Start and memory',
        columns: ['program', 'start to first answer, ms', 'resident memory at rest, MB'],
        rows: Object.values(kinds).map((kind) => {
          const rest = memory(kind);
          const restText = rest === undefined ? 'not measured here' : formatSummary(rest, 0);
          return [kind.name, formatSummary(time(kind), 0), restText];
        }),
        notes: [
          ratioVerdict,
          ...verdicts,
          `Medians of ${rounds} starts of each kind in turn (least–greatest), files in the page cache; from starting Node.js to the last byte of the answer to GET /healthz. The ratio is taken within a round. Memory: VmRSS ${IDLE_MS / 1000} s after that, ${memoryRounds} times each.`,
        ],
      },
    ];
  },
};

async function build(): Promise<void> {
  showProgress('startup: building dist');
  const child = spawn(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('dist could not be built.');
}

async function measureStart({ program }: Kind, data: string, atRest: boolean): Promise<Found> {
  const port = await findFreePort();
  const began = performance.now();
  const server = spawn(process.execPath, [program, 'serve', '--port', String(port)], {
    cwd: root,
    // The settings of the user who runs this must not change what is measured.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LATCHKEY_DATA_DIR: data },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const forget = atExit(() => server.kill('SIGKILL'));
  try {
    await waitForAnswer(server, port);
    const milliseconds = performance.now() - began;
    if (atRest) await sleep(IDLE_MS);
    return { milliseconds, memory: atRest ? findResidentMemory(server) : undefined };
  } catch (error) {
    throw new Error(`${program} serve: ${errors}`, { cause: error });
  } finally {
    if (server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    forget();
  }
}

async function waitForAnswer(server: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`);
    if (await isAnswering(port)) return;
    await sleep(1);
  }
  throw new Error('The server did not answer in time.');
}

const REQUEST = createRequest('GET', '/healthz', { connection: 'close' });

function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(REQUEST));
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text.startsWith('HTTP/1.1 200')));
  });
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}

/** MB; undefined where the operating system does not report it. */
function findResidentMemory({ pid }: ChildProcess): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : (Number(kilobytes) * 1024) / 1_000_000;
}
