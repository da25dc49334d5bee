/** How a user with very many sessions, which an older version allowed, slows down itself and others. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { addPostgresSessions, addSqliteSessions } from '../lib/data/crowd.ts';
import { type DatabaseName, databases } from '../lib/data/population.ts';
import { type Postgres, startPostgres, withClient } from '../lib/data/postgres.ts';
import { formatNumber } from '../lib/report/format-number.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { quantile, summarise } from '../lib/report/statistics.ts';
import type { Load, LoadResult } from '../load/load.ts';
import { createRequest } from '../load/request.ts';
import type { HeavyUserAnswer, HeavyUserQuestion } from '../servers/heavy-user-server.ts';

const FEW = 10;
const MANY = 10_000;
const OTHERS = 100;
/** Requests of the others per second. */
const RATE = 200;

const acts = ['sign-in', 'list', 'introspection', 'sign-out', 'password change'] as const;
type Act = (typeof acts)[number];

interface Contender {
  readonly database: DatabaseName;
  readonly size: number;
  readonly server: Child<HeavyUserQuestion, HeavyUserAnswer>;
  readonly started: HeavyUserAnswer;
  /** Gives the user this many live sessions. */
  readonly fill: () => Promise<void>;
  password: string;
  /** Durations in ms, of all rounds. */
  readonly took: Record<Act, number[]>;
  /** ms, of each round. */
  readonly othersP99: number[];
}

export const sessions: Bench = {
  name: 'sessions',
  summary: `a user with ${formatCount(MANY)} sessions, and others beside it, on both databases`,
  async run({ quick }) {
    const rounds = quick ? 2 : 25;
    const milliseconds = 800;
    showProgress('sessions: starting PostgreSQL');
    const postgres = await startPostgres();
    const client: Child<Load, LoadResult> = startChild(
      new URL('../load/client.ts', import.meta.url),
    );
    const contenders: Contender[] = [];
    for (const database of databases) {
      for (const size of [FEW, MANY]) contenders.push(await start(postgres, database, size));
    }
    for (let round = -1; round < rounds; round++) {
      showProgress(`sessions: ${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`}`);
      for (const it of contenders) await measure(it, client, milliseconds, round >= 0);
    }
    client.stop();
    for (const { server } of contenders) server.stop();
    await postgres.stop();
    return [createTable(contenders, rounds)];
  },
};

async function start(postgres: Postgres, database: DatabaseName, size: number): Promise<Contender> {
  const folder = createDiskFolder();
  const databaseUrl = database === 'SQLite' ? undefined : await postgres.createDatabase();
  const server: Child<HeavyUserQuestion, HeavyUserAnswer> = startChild(
    new URL('../servers/heavy-user-server.ts', import.meta.url),
  );
  const password = 'correct horse battery 0';
  const user = { username: 'heavy', password };
  const started = await server.ask({ folder, databaseUrl, user, others: OTHERS });
  const { userId } = started;
  const fill =
    databaseUrl === undefined
      ? () =>
          withSqlite(join(folder, 'data/latchkey.db'), (db) => addSqliteSessions(db, userId, size))
      : () => withClient(databaseUrl, (it) => addPostgresSessions(it, userId, size));
  const took = {
    'sign-in': [],
    list: [],
    introspection: [],
    'sign-out': [],
    'password change': [],
  };
  return { database, size, server, started, fill, password, took, othersP99: [] };
}

async function withSqlite(file: string, work: (db: DatabaseSync) => void): Promise<void> {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  try {
    work(db);
  } finally {
    db.close();
  }
}

async function measure(
  it: Contender,
  client: Child<Load, LoadResult>,
  milliseconds: number,
  counts: boolean,
): Promise<void> {
  const { port, tokens } = it.started;
  await it.fill();
  const requests = tokens.map((token) =>
    createRequest('GET', '/auth/me', { authorization: `Bearer ${token}` }),
  );
  const common = { connections: 8, pipelining: 1, rate: RATE };
  const others = client.ask({ kind: 'fixed', port, requests, milliseconds, ...common });
  await turn();
  const took = await act(it);
  const { p99, failed } = await others;
  if (failed > 0) throw new Error(`${failed} answers to others were not 2xx.`);
  if (!counts) return;
  it.othersP99.push(p99);
  for (const { name, ms } of took) it.took[name].push(ms);
}

/** What the user does in a round. */
async function act(it: Contender): Promise<{ name: Act; ms: number }[]> {
  const took: { name: Act; ms: number }[] = [];
  const send = async (name: Act, path: string, init: RequestInit): Promise<Tokens> => {
    const began = performance.now();
    const response = await fetch(`http://127.0.0.1:${it.started.port}${path}`, init);
    const text = await response.text();
    took.push({ name, ms: performance.now() - began });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  };
  const json = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const bearer = (token: string | undefined) => ({ authorization: `Bearer ${token}` });
  const login = { username: 'heavy', password: it.password };

  const signedIn: Tokens[] = [];
  for (let count = 0; count < 6; count++) {
    signedIn.push(await send('sign-in', '/auth/login', json(login)));
  }
  const [kept = {}, ...others] = signedIn;
  for (const { access_token, refresh_token = '' } of others) {
    await send('list', '/auth/sessions', { headers: bearer(access_token) });
    await send('introspection', '/auth/introspect', {
      method: 'POST',
      headers: bearer(it.started.guardKey),
      body: new URLSearchParams({ token: refresh_token }),
    });
    await send('sign-out', '/auth/logout', { method: 'POST', headers: bearer(access_token) });
  }
  const next = it.password.replace(/\d+$/, (count) => String(Number(count) + 1));
  const change = json({ current_password: it.password, new_password: next });
  const headers = { ...change.headers, ...bearer(kept.access_token) };
  await send('password change', '/auth/password', { ...change, headers });
  it.password = next;
  return took;
}

interface Tokens {
  readonly access_token?: string;
  readonly refresh_token?: string;
}

function createTable(contenders: readonly Contender[], rounds: number): Table {
  const p99 = (values: readonly number[]) =>
    quantile(
      values.toSorted((a, b) => a - b),
      0.99,
    );
  const rows = contenders.map((it) => [
    `${it.database}, ${formatCount(it.size)}`,
    ...acts.map((name) => formatNumber(p99(it.took[name]))),
    formatNumber(summarise(it.othersP99).median),
  ]);
  const verdicts = contenders
    .filter(({ size }) => size === MANY)
    .map(({ database, took }) => {
      const asked = acts.filter((name) => name !== 'sign-in');
      const worst = Math.max(...asked.map((name) => p99(took[name])));
      return createVerdict(
        `p99 below 50 ms for each but signing in, on ${database}`,
        `${formatNumber(worst)} ms at most`,
        worst < 50,
      );
    });
  return {
    title: 'A user with many sessions',
    columns: ['sessions of the user', ...acts.map((name) => `${name}, ms`), 'others, ms'],
    rows,
    notes: [
      ...verdicts,
      `In each of ${rounds} rounds the user has so many live sessions, put straight into the table as an older version left them. It signs in six times, lists its sessions, has a refresh token introspected and signs out (five times each), and changes its password. Figures are p99 of all rounds over HTTP; passwords are hashed at the least cost.`,
      `“others”: ${OTHERS} other users ask who they are, ${RATE} times a second, during all that; the median over the rounds of their p99.`,
    ],
  };
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}
