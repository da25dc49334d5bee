/** How long after it is acknowledged a revocation is in force at another node on the same PostgreSQL. */
import { type Arrivals, compare } from '../lib/arrivals.ts';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { startPostgres, withClient } from '../lib/data/postgres.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { quantile } from '../lib/report/statistics.ts';
import { type Kind, kinds } from '../servers/revocation/kinds.ts';
import type {
  RevocationAnswer,
  RevocationQuestion,
} from '../servers/revocation/revocation-server.ts';

/** A revocation that takes longer counts as missed. */
const ARRIVAL_LIMIT_MS = 10_000;

type Server = Child<RevocationQuestion, RevocationAnswer>;

/** How nodes hear of one another, and what p99 is to be below then, in ms. */
const ways = [
  { name: 'NOTIFY', aim: 250 },
  { name: 'polling', aim: 1_000 },
] as const;

export const revocationNodes: Bench = {
  name: 'revocation-nodes',
  summary:
    'from a revocation to its refusal at another node, on PostgreSQL, with and without NOTIFY',
  async run({ quick }) {
    const count = quick ? 20 : 200;
    showProgress('revocation-nodes: starting PostgreSQL and two nodes');
    const postgres = await startPostgres();
    const found: Record<string, readonly Arrivals[]> = {};
    for (const { name } of ways) {
      const databaseUrl = await postgres.createDatabase();
      const start = async (): Promise<Server> => {
        const server: Server = startChild(
          new URL('../servers/revocation/revocation-server.ts', import.meta.url),
        );
        const setup = { folder: createDiskFolder(), issuer: 'http://127.0.0.1:8000' };
        await server.ask({ start: { ...setup, databaseUrl } });
        return server;
      };
      const [here, there] = [await start(), await start()];
      // As behind a connection pooler: nodes listen, and no notification arrives.
      if (name === 'polling') {
        const silence = 'drop trigger latchkey_tell_log on revocations';
        await withClient(databaseUrl, (client) => client.query(silence));
      }
      const arrivals: Arrivals[] = [];
      for (const kind of kinds) {
        showProgress(`revocation-nodes: ${kind}, by ${name}`);
        arrivals.push(await measure(here, there, kind, count));
      }
      found[name] = arrivals;
      here.stop();
      there.stop();
    }
    await postgres.stop();
    return [createTable(found, count)];
  },
};

async function measure(here: Server, there: Server, kind: Kind, count: number): Promise<Arrivals> {
  const { tokens = [] } = await here.ask({ people: count });
  await there.ask({ watch: tokens });
  const { times: told = [] } = await here.ask({ revoke: kind, tokens, pause: 7 });
  const { times: refused = [] } = await there.ask({ collect: ARRIVAL_LIMIT_MS });
  return compare(told, refused);
}

function createTable(found: Readonly<Record<string, readonly Arrivals[]>>, count: number): Table {
  const all = (name: string) => found[name]?.flatMap(({ delays }) => delays) ?? [];
  const row = (name: string, delaysBy: (way: string) => readonly number[]) => [
    name,
    ...ways.flatMap((way) => describe(delaysBy(way.name))),
  ];
  const verdicts = ways.map(({ name, aim }) => {
    const sorted = all(name).toSorted((a, b) => a - b);
    const p99 = quantile(sorted, 0.99);
    const missed = found[name]?.reduce((sum, it) => sum + it.missed, 0) ?? 0;
    return createVerdict(
      `by ${name}, p99 under ${aim} ms, nothing missed`,
      `p99 ${p99.toFixed(1)} ms, greatest ${quantile(sorted, 1).toFixed(1)} ms, missed ${missed}`,
      p99 < aim && missed === 0,
    );
  });
  return {
    title: 'Revocation to another node on PostgreSQL',
    columns: ['revoked by', ...ways.flatMap(({ name }) => [`${name}: p50, ms`, 'p99', 'greatest'])],
    rows: [
      ...kinds.map((kind, index) => row(kind, (way) => found[way]?.[index]?.delays ?? [])),
      row('all', all),
    ],
    notes: [
      ...verdicts,
      `${count} revocations in each row, one after the other; from the moment the domain acknowledges one at the first node to the first refusal at the second, which looks every millisecond. For “polling” the trigger that notifies is taken away, so the second node hears of nothing and reads the log every 250 ms.`,
    ],
  };
}

function describe(delays: readonly number[]): string[] {
  const sorted = delays.toSorted((a, b) => a - b);
  return [0.5, 0.99, 1].map((share) =>
    sorted.length === 0 ? '–' : quantile(sorted, share).toFixed(1),
  );
}
