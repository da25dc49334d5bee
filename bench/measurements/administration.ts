/** The lists and searches of administrators among few users and among a million. */
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
import { createRequest } from '../load/request.ts';

const FEW = 1_000;
const PORTION = 20_000;
/** Users with the role `editor`, of whom every second is disabled; as many in each population. */
const EDITORS = 200;
const CLIENTS = 4;
/** Different requests of each kind. */
const REQUESTS = 500;
const DAY_MS = 86_400_000;

type Client = Child<Load, LoadResult>;

/** What is asked for, by name. */
type Paths = Readonly<Record<string, readonly string[]>>;

interface Population {
  readonly database: DatabaseName;
  readonly size: number;
  readonly server: PopulationServer;
  readonly port: number;
  readonly paths: Paths;
  /** By the name of what was asked for. */
  readonly rounds: Map<string, LoadResult[]>;
}

export const administration: Bench = {
  name: 'administration',
  summary:
    'user search, filters and session lists of administrators, with a thousand and with a million users',
  async run({ quick }) {
    const many = quick ? 20_000 : 1_000_000;
    const rounds = quick ? 2 : 8;
    const milliseconds = quick ? 300 : 500;
    showProgress('administration: starting PostgreSQL');
    const postgres = await startPostgres();
    const client: Client = startChild(new URL('../load/client.ts', import.meta.url));
    const populations: Population[] = [];
    for (const database of databases) {
      for (const size of [FEW, many]) populations.push(await open(postgres, database, size));
    }
    for (let round = 0; round <= rounds; round++) {
      showProgress(`administration: ${round < 1 ? 'warming up' : `round ${round} of ${rounds}`}`);
      for (const name of Object.keys(populations[0]?.paths ?? {})) {
        for (const it of populations) {
          const result = await measure(it, name, client, milliseconds);
          if (round >= 1) it.rounds.set(name, [...(it.rounds.get(name) ?? []), result]);
        }
      }
    }
    client.stop();
    for (const { server } of populations) server.stop();
    await postgres.stop();
    return [createTable(populations, { rounds, seconds: milliseconds / 1000 })];
  },
};

async function open(postgres: Postgres, database: DatabaseName, size: number): Promise<Population> {
  const { server, port, crowd } = await startPopulation(postgres, database);
  const people = size - EDITORS;
  for (let added = 0; added < people; added += PORTION) {
    showProgress(`administration: ${database}, ${formatCount(added)} of ${formatCount(size)}`);
    await crowd.add(added, Math.min(PORTION, people - added));
    await server.ask({ editors: Math.ceil(EDITORS / Math.ceil(people / PORTION)) });
  }
  await crowd.settle();
  const paths = await createPaths(server, port, people);
  return { database, size, server, port, paths, rounds: new Map() };
}

/** Makes different requests of each kind, about users anywhere in the population. */
async function createPaths(server: PopulationServer, port: number, people: number): Promise<Paths> {
  const { token = '' } = await server.ask({ administrator: true });
  const anyNumber = () => Math.floor(Math.random() * people);
  const many = (make: () => string) => Array.from({ length: REQUESTS }, make);
  const ids: string[] = [];
  for (let it = 0; it < 50; it++) {
    const url = `http://127.0.0.1:${port}/auth/admin/users?search=crowd-${anyNumber()}&limit=1`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { users } = (await answer.json()) as { users: { id: string }[] };
    ids.push(users[0]?.id ?? '');
  }
  const id = () => ids[Math.floor(Math.random() * ids.length)] ?? '';
  const base = '/auth/admin/users';
  const since = new Date(Date.now() - DAY_MS).toISOString();
  return {
    'the beginning of one name': many(() => `${base}?search=crowd-${anyNumber()}&limit=20`),
    'a beginning that many names have': many(() => `${base}?search=crowd-&limit=20`),
    'a beginning, enabled, since yesterday': many(
      () =>
        `${base}?search=crowd-${anyNumber() % 10}&disabled=false&created_since=${since}&limit=20`,
    ),
    'a page in the middle': many(() => `${base}?after=${id()}&limit=20`),
    'a role': many(() => `${base}?role=editor&limit=20`),
    'disabled users': many(() => `${base}?disabled=true&limit=20`),
    'the sessions of a user': many(() => `${base}/${id()}/sessions?limit=20`),
  };
}

async function measure(
  { server, port, paths }: Population,
  name: string,
  client: Client,
  milliseconds: number,
): Promise<LoadResult> {
  const { token = '' } = await server.ask({ administrator: true });
  const headers = { authorization: `Bearer ${token}` };
  const requests = (paths[name] ?? []).map((path) => createRequest('GET', path, headers));
  const result = await client.ask({
    kind: 'fixed',
    port,
    requests,
    connections: CLIENTS,
    pipelining: 1,
    milliseconds,
  });
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not 2xx.`);
  return result;
}

function createTable(
  populations: readonly Population[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Table {
  const names = Object.keys(populations[0]?.paths ?? {});
  const find = (database: DatabaseName, isFew: boolean) =>
    populations.find((it) => it.database === database && (it.size === FEW) === isFew);
  const figures = databases.flatMap((database) =>
    names.map((name) => {
      const few = find(database, true)?.rounds.get(name) ?? [];
      const many = find(database, false)?.rounds.get(name) ?? [];
      const ratios = many.map(({ p99 }, round) => p99 / (few[round]?.p99 ?? Number.NaN));
      return { database, name, few, many, ratios };
    }),
  );
  const rows = figures.map(({ database, name, few, many, ratios }) => [
    `${name}, ${database}`,
    formatSummary(summarise(few.map(({ p99 }) => p99))),
    formatSummary(summarise(many.map(({ p99 }) => p99))),
    formatSummary(summarise(ratios), 2),
  ]);
  const verdicts = databases.map((database) => {
    const own = figures.filter((it) => it.database === database);
    const worst = Math.max(...own.map(({ ratios }) => summarise(ratios).median));
    const aim = `p99 of each at most 1.5 times on ${database}`;
    return createVerdict(aim, worst.toFixed(2), worst <= 1.5);
  });
  const largest = formatCount(Math.max(...populations.map(({ size }) => size)));
  return {
    title: 'What administrators look for, among few users and many',
    columns: ['asked for', `p99 of ${formatCount(FEW)} users, ms`, `p99 of ${largest}, ms`, '×'],
    rows,
    notes: [
      ...verdicts,
      `${CLIENTS} clients ask over HTTP without pause, 20 users a page, about users all over the population. Medians of ${rounds} rounds of all in turn (least–greatest), ${seconds} s each; ratios are taken within a round.`,
    ],
  };
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}
