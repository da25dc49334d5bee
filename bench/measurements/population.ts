/** Refreshes among few users and among a million. */
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import {
  type DatabaseName,
  databases,
  type PopulationServer,
  startPopulation,
} from '../lib/data/population.ts';
import { type Postgres, startPostgres } from '../lib/data/postgres.ts';
import { formatSummary } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { summarise } from '../lib/report/statistics.ts';
import type { Load, LoadResult } from '../load/load.ts';

const CLIENTS = 32;
const FEW = 1_000;
/** In how many portions users sign up between inserted ones, so that they are spread over the whole table. */
const PORTIONS = 50;

type Client = Child<Load, LoadResult>;

interface Population {
  readonly database: DatabaseName;
  readonly size: number;
  readonly server: PopulationServer;
  readonly port: number;
  /** Refresh tokens of all sessions that take part; those whose turn is next come first. */
  tokens: readonly string[];
  readonly rounds: LoadResult[];
}

export const population: Bench = {
  name: 'population',
  summary: 'refreshes with a thousand and with a million users and sessions, on both databases',
  async run({ quick }) {
    const many = quick ? 10_000 : 1_000_000;
    const rounds = quick ? 2 : 10;
    const milliseconds = quick ? 500 : 2000;
    showProgress('population: starting PostgreSQL');
    const postgres = await startPostgres();
    const client: Client = startChild(new URL('../load/client.ts', import.meta.url));
    const populations: Population[] = [];
    for (const database of databases) {
      for (const size of [FEW, many]) populations.push(await open(postgres, database, size));
    }
    for (let round = 0; round <= rounds; round++) {
      showProgress(`population: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const it of populations) {
        const result = await measure(it, client, milliseconds);
        if (round >= 1) it.rounds.push(result);
      }
    }
    client.stop();
    for (const { server } of populations) server.stop();
    await postgres.stop();
    return [createTable(populations, { rounds, seconds: milliseconds / 1000 })];
  },
};

/** Users sign up in portions, and between two portions a part of the crowd is inserted. */
async function open(postgres: Postgres, database: DatabaseName, size: number): Promise<Population> {
  const { server, port, crowd } = await startPopulation(postgres, database);
  const people = size === FEW ? size : Math.min(20_000, size / 5);
  const tokens: string[] = [];
  let added = 0;
  for (let portion = 1; portion <= PORTIONS; portion++) {
    if (portion % 5 === 1) {
      const there = formatCount(tokens.length + added);
      showProgress(`population: ${database}, ${there} of ${formatCount(size)}`);
    }
    const missing = Math.round((people * portion) / PORTIONS) - tokens.length;
    const { tokens: more = [] } = await server.ask({ people: missing });
    tokens.push(...more);
    const count = Math.round(((size - people) * portion) / PORTIONS) - added;
    if (count > 0) await crowd.add(added, count);
    added += count;
  }
  showProgress(`population: ${database}, tidying up`);
  await crowd.settle();
  return { database, size, server, port, tokens: shuffle(tokens), rounds: [] };
}

async function measure(it: Population, client: Client, milliseconds: number): Promise<LoadResult> {
  const { port, tokens } = it;
  const load = { kind: 'refresh', port, tokens, connections: CLIENTS, milliseconds } as const;
  const result = await client.ask(load);
  if (result.failed > 0) throw new Error(`${result.failed} answers were not 2xx.`);
  // The next round goes on where this one ended.
  const next = result.answered % tokens.length;
  it.tokens = [...result.tokens.slice(next), ...result.tokens.slice(0, next)];
  return result;
}

/** Sessions that began together are neighbours on the disk; real refreshes do not come in that order. */
function shuffle(tokens: readonly string[]): readonly string[] {
  return tokens
    .map((token) => ({ token, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ token }) => token);
}

function createTable(
  populations: readonly Population[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Table {
  const small = (database: DatabaseName) =>
    populations.find((it) => it.database === database && it.size === FEW);
  const ratios = ({ database, rounds: own }: Population) =>
    own.map(({ p99 }, round) => p99 / (small(database)?.rounds[round]?.p99 ?? Number.NaN));
  const rows = populations.map((it) => {
    const format = (figure: 'rate' | 'p50' | 'p99') =>
      formatSummary(summarise(it.rounds.map((round) => round[figure])));
    const ratio = it.size === FEW ? '1' : formatSummary(summarise(ratios(it)), 2);
    const name = `${it.database}, ${formatCount(it.size)}`;
    return [name, format('rate'), format('p50'), format('p99'), ratio];
  });
  const verdicts = populations
    .filter(({ size }) => size !== FEW)
    .map((it) => {
      const { median } = summarise(ratios(it));
      const aim = `p99 at most 1.5 times on ${it.database}`;
      return createVerdict(aim, median.toFixed(2), median <= 1.5);
    });
  return {
    title: 'Few users and many',
    columns: ['users and sessions', 'refreshes/s', 'p50, ms', 'p99, ms', '× p99 of few'],
    rows,
    notes: [
      ...verdicts,
      `${CLIENTS} clients refresh without pause over HTTP, each in turn hundreds of sessions of its own, which lie scattered over the whole population (all sessions of the small one, ${formatCount(Math.max(...populations.map((it) => it.tokens.length)))} of the large one); every refresh rotates and is committed. Medians of ${rounds} rounds of all in turn (least–greatest), ${seconds} s each; ratios are taken within a round.`,
    ],
  };
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}
