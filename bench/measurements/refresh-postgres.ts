/** Rotation by the store on PostgreSQL, beside the same statement sent by pgbench and by the driver alone. */
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { findPgbench, runPgbench } from '../lib/data/pgbench.ts';
import { startPostgres, withClient } from '../lib/data/postgres.ts';
import { formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { summarise } from '../lib/report/statistics.ts';
import type { RotatorAnswer, RotatorQuestion, Statement } from '../servers/session-rotator.ts';

const CONNECTIONS = 16;
const SESSIONS_OF_EACH = 500;
const SESSIONS = CONNECTIONS * SESSIONS_OF_EACH;
/** Ids are numbers of the same length, which pgbench can count too. */
const FIRST_SESSION = 1_000_000_000_000_001;

const sessions = Array.from({ length: CONNECTIONS }, (_, caller) =>
  Array.from({ length: SESSIONS_OF_EACH }, (__, index) =>
    String(FIRST_SESSION + caller * SESSIONS_OF_EACH + index),
  ),
);

const competitors = ['pgbench', 'driver', 'store'] as const;
type Competitor = (typeof competitors)[number];

interface Round {
  readonly rate: number;
  /** How many rotations it reports. */
  readonly rotations: number;
  /** µs of Node.js for each rotation. */
  readonly cpu: number | undefined;
}

export const refreshPostgres: Bench = {
  name: 'refresh-postgres',
  summary: `sessions rotated at the store on PostgreSQL, beside pgbench, ${CONNECTIONS} connections`,
  async run({ quick }) {
    const rounds = quick ? 3 : 12;
    const seconds = quick ? 1 : 3;
    const folder = createDiskFolder();
    const version = await findPgbench();
    showProgress('refresh-postgres: starting PostgreSQL');
    const server = await startPostgres();
    const url = await server.createDatabase();
    const node: Child<RotatorQuestion, RotatorAnswer> = startChild(
      new URL('../servers/session-rotator.ts', import.meta.url),
    );
    await node.ask({ open: { url, connections: CONNECTIONS } });
    const { statement } = await node.ask({ observe: { sessionId: String(FIRST_SESSION) } });
    if (statement === undefined) throw new Error('The store showed no statement.');
    const script = createScript(statement);

    const found: Record<Competitor, Round[]> = { pgbench: [], driver: [], store: [] };
    for (let round = 0; round <= rounds; round++) {
      showProgress(`refresh-postgres: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const by of competitors) {
        if (by === 'pgbench' && version === undefined) continue;
        await reset(url);
        const measured =
          by === 'pgbench'
            ? await measurePgbench({ url, folder, script, values: statement.values, seconds })
            : await measureNode(node, by, seconds);
        await check(url, measured);
        if (round > 0) found[by].push(measured);
      }
    }
    node.stop();
    await server.stop();
    return [createTable(found, { version, rounds, seconds })];
  },
};

/** Gives each competitor the same tables: all sessions at generation 0, no dead rows, nothing left to write. */
async function reset(url: string): Promise<void> {
  const ids = `generate_series(${FIRST_SESSION}, ${FIRST_SESSION + SESSIONS - 1}) as id`;
  await withClient(url, async (client) => {
    await client.query(`
      truncate users cascade;
      insert into users
        (id, username, username_key, roles, profile, password_hash, token_version, created_at, updated_at)
      select id, 'user-' || id, 'user-' || id, '[]', '{}', repeat('x', 97), 0, 0, 0 from ${ids};
      insert into sessions
        (id, user_id, generation, rotated_at, expires_at, created_at, auth_time, address, user_agent)
      select id, id, 0, 0, 9e12, 0, 0, '127.0.0.1', repeat('x', 110) from ${ids}`);
    await client.query('vacuum analyze users, sessions');
    await client.query('checkpoint');
  });
}

/** @throws {Error} if the database has seen more or fewer rotations than were reported */
async function check(url: string, { rotations }: Round): Promise<void> {
  const sum = 'select sum(generation)::int as rotations from sessions';
  const { rows } = await withClient(url, (client) => client.query(sum));
  if (rows[0].rotations === rotations) return;
  throw new Error(
    `${rotations} rotations were reported, and the database has ${rows[0].rotations}.`,
  );
}

/** A script that runs the statement for the next session of its connection. */
function createScript({ text, parameters }: Statement): string {
  const body = text.replaceAll(/\$(\d+)/g, (_, place) => `:${parameters[Number(place) - 1]}`);
  return `\\set turn :turn + 1
    \\set id ${FIRST_SESSION} + :client_id * ${SESSIONS_OF_EACH} + mod(:turn, ${SESSIONS_OF_EACH})
    \\set generation :turn / ${SESSIONS_OF_EACH}
    ${body};`.replaceAll(/^ +/gm, '');
}

async function measurePgbench({
  values,
  ...run
}: {
  url: string;
  folder: string;
  script: string;
  values: Statement['values'];
  seconds: number;
}): Promise<Round> {
  const variables = { ...values, turn: -1 };
  const result = await runPgbench({ ...run, variables, connections: CONNECTIONS });
  return { rate: result.rate, rotations: result.transactions, cpu: undefined };
}

async function measureNode(
  node: Child<RotatorQuestion, RotatorAnswer>,
  by: 'store' | 'driver',
  seconds: number,
): Promise<Round> {
  const milliseconds = seconds * 1000;
  const answer = await node.ask({ rotate: { by, sessions, milliseconds } });
  const { rotations = 0, late = 0, cpu = 0 } = answer;
  const all = rotations + late;
  return { rate: rotations / seconds, rotations: all, cpu: cpu / all };
}

const names: Readonly<Record<Competitor, string>> = {
  pgbench: 'pgbench',
  driver: 'the `pg` driver alone',
  store: 'the store',
};

function createTable(
  found: Readonly<Record<Competitor, readonly Round[]>>,
  { version, rounds, seconds }: { version: string | undefined; rounds: number; seconds: number },
): Table {
  const ratioTo = (by: Competitor, base: Competitor) => {
    const ratios = found[by].flatMap(({ rate }, round) => rate / (found[base][round]?.rate ?? NaN));
    return found[base].length === 0 ? undefined : summarise(ratios);
  };
  const ratio = ratioTo('store', 'pgbench');
  const rows = competitors.map((by) => {
    if (found[by].length === 0) return [names[by], 'not installed', '', ''];
    const toPgbench = ratioTo(by, 'pgbench');
    const cpus = found[by].flatMap(({ cpu }) => cpu ?? []);
    return [
      names[by],
      formatSummary(summarise(found[by].map(({ rate }) => rate))),
      toPgbench === undefined ? '' : formatSummary(toPgbench, 2),
      cpus.length === 0 ? '' : formatSummary(summarise(cpus)),
    ];
  });
  const notes = [
    `${SESSIONS} sessions; ${CONNECTIONS} callers, each on its own sessions, on ${CONNECTIONS} connections; the server’s defaults, so every rotation is synced before its answer. Medians of ${rounds} rounds of all in turn (least–greatest), ${seconds} s each; ratios are taken within a round.`,
    `pgbench and the driver run the statement that the store sends for one rotation, prepared: ${version ?? 'pgbench'} by a script of its own on 2 threads, the driver in a loop in Node.js. The store puts rotations that come at the same time into one statement.`,
    'The number of rotations that each reports is compared with the database after its turn.',
  ];
  if (ratio !== undefined) {
    const { median } = ratio;
    notes.unshift(createVerdict('0.7 of pgbench', median.toFixed(2), median >= 0.7));
  }
  return {
    title: 'Rotations on PostgreSQL',
    columns: ['', 'rotations/s', '× pgbench', 'CPU of Node.js, µs each'],
    rows,
    notes,
  };
}
