/** Searches of the audit trail by each filter, among few events and among a million. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AuditQuery, type OpenedLatchkey, openLatchkey } from 'latchkey/server';
import type { Bench } from '../lib/bench.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { type DatabaseName, databases } from '../lib/data/population.ts';
import { startPostgres, withClient } from '../lib/data/postgres.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { quantile } from '../lib/report/statistics.ts';

const FEW = 1_000;
const PAGE = 50;
const NOW = Date.UTC(2026, 0, 1);
/** Between two events. */
const STEP_MS = 1_000;

/** Queries by the name of the filter; `at` is the number of an event. */
const searches: Readonly<Record<string, (at: number) => AuditQuery>> = {
  none: () => ({}),
  actor: (at) => ({ actorKind: 'user', actorId: userOf(at) }),
  subject: (at) => ({ subjectKind: 'user', subjectId: userOf(at) }),
  'one type': () => ({ types: ['login_succeeded'] }),
  'two rare types': () => ({ types: ['key_revoked', 'secret_rotated'] }),
  'outcome failure': () => ({ outcome: 'failure' }),
  address: (at) => ({ address: addressOf(at) }),
  'address and outcome': (at) => ({ address: addressOf(at), outcome: 'failure' }),
  time: (at) => ({ since: NOW + at * STEP_MS, until: NOW + (at + 100) * STEP_MS }),
};

interface Trail {
  readonly database: DatabaseName;
  readonly size: number;
  readonly latchkey: OpenedLatchkey;
  /** ms, by filter. */
  readonly took: Record<string, number[]>;
}

export const auditSearch: Bench = {
  name: 'audit-search',
  summary: 'searches of the audit trail with a thousand and with a million events',
  async run({ quick }) {
    const many = quick ? 20_000 : 1_000_000;
    const rounds = quick ? 20 : 300;
    showProgress('audit-search: starting PostgreSQL');
    const postgres = await startPostgres();
    const trails: Trail[] = [];
    for (const database of databases) {
      for (const size of [FEW, many]) {
        showProgress(`audit-search: writing ${size} events to ${database}`);
        const url = database === 'SQLite' ? undefined : await postgres.createDatabase();
        trails.push(await open(database, size, url));
      }
    }
    for (let round = -20; round < rounds; round++) {
      if (round % 50 === 0) showProgress(`audit-search: round ${round} of ${rounds}`);
      for (const trail of trails) await searchAll(trail, round);
    }
    for (const { latchkey } of trails) await latchkey.close();
    await postgres.stop();
    return [createTable(trails, rounds)];
  },
};

async function open(
  database: DatabaseName,
  size: number,
  postgresUrl: string | undefined,
): Promise<Trail> {
  const folder = createDiskFolder();
  const file = join(folder, 'latchkey.db');
  const databaseUrl = postgresUrl ?? `sqlite:${file}`;
  const secret = randomBytes(36).toString('base64url');
  const options = { databaseUrl, dataDir: folder, secret, env: {}, envFile: false } as const;
  const latchkey = await openLatchkey(options);
  if (postgresUrl === undefined) fillSqlite(file, size);
  else await fillPostgres(postgresUrl, size);
  return { database, size, latchkey, took: {} };
}

const COLUMNS =
  'id, at, type, user_id, session_id, address, user_agent, subject_kind, actor_kind, actor_id, reason, seq, mac, sealed_at';

/** Every event by its number: a tenth fail, one in ten thousand is of a rare type. */
function fillSqlite(file: string, size: number): void {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec('pragma synchronous = off; begin immediate');
  const insert = db.prepare(
    `insert into audit_events (${COLUMNS}) values (?, ?, ?, ?, 'a session', ?, 'a browser of a common length, as they are', 'user', 'user', ?, ?, ?, 'x', 1)`,
  );
  for (let at = 0; at < size; at++) {
    const time = NOW + at * STEP_MS;
    const user = userOf(at * 7_919, size);
    const reason = at % 10 === 3 ? 'wrong_password' : null;
    insert.run(idOf(time, at), time, typeOf(at), user, addressOf(at * 31), user, reason, at + 1);
  }
  db.exec('commit; analyze');
  db.close();
}

async function fillPostgres(url: string, size: number): Promise<void> {
  await withClient(url, async (client) => {
    await client.query(
      `insert into audit_events (${COLUMNS})
        select substr(lpad(to_hex($2::bigint + at * ${STEP_MS}), 12, '0'), 1, 8) || '-'
            || substr(lpad(to_hex($2::bigint + at * ${STEP_MS}), 12, '0'), 9, 4)
            || '-7000-8000-' || lpad(to_hex(at), 12, '0'),
          $2::bigint + at * ${STEP_MS},
          case when at % 10000 = 5 then 'key_revoked' when at % 10 = 3 then 'login_failed' else 'login_succeeded' end,
          'user-' || (at * 7919) % $1::bigint, 'a session',
          '10.' || (at * 31) / 65536 % 256 || '.' || (at * 31) / 256 % 256 || '.' || (at * 31) % 256,
          'a browser of a common length, as they are', 'user', 'user',
          'user-' || (at * 7919) % $1::bigint,
          case when at % 10 = 3 then 'wrong_password' end, at + 1, 'x', 1
        from generate_series(0::bigint, $1::bigint - 1) as at`,
      [size, NOW],
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}

async function searchAll({ latchkey, size, took }: Trail, round: number): Promise<void> {
  for (const [name, create] of Object.entries(searches)) {
    const at = Math.abs(round * 104_729) % size;
    const start = performance.now();
    await latchkey.audit.list(create(at), { limit: PAGE });
    const ms = performance.now() - start;
    took[name] ??= [];
    if (round >= 0) took[name].push(ms);
  }
}

function createTable(trails: readonly Trail[], rounds: number): Table {
  const p99Of = (trail: Trail | undefined, name: string) =>
    quantile(
      (trail?.took[name] ?? []).toSorted((a, b) => a - b),
      0.99,
    );
  const verdicts: string[] = [];
  const rows = databases.flatMap((database) => {
    const [few, many] = trails.filter((it) => it.database === database);
    const ratios = Object.keys(searches).map((name) => ({
      name,
      small: p99Of(few, name),
      large: p99Of(many, name),
    }));
    const worst = Math.max(...ratios.map(({ small, large }) => large / small));
    const aim = `on ${database} the p99 of every search among many is at most 1.5 times that among few`;
    verdicts.push(createVerdict(aim, worst.toFixed(2), worst <= 1.5));
    return ratios.map(({ name, small, large }) => [
      `${database}, ${name}`,
      small.toFixed(2),
      large.toFixed(2),
      (large / small).toFixed(2),
    ]);
  });
  const size = Math.max(...trails.map((it) => it.size)).toLocaleString('en');
  return {
    title: 'Searches of the audit trail',
    columns: ['filter', `p99 of ${FEW.toLocaleString('en')} events, ms`, `of ${size}`, '×'],
    rows,
    notes: [...verdicts, `The newest ${PAGE} that match, ${rounds} searches each, all in turn.`],
  };
}

function userOf(at: number, size = Number.MAX_SAFE_INTEGER): string {
  return `user-${at % size}`;
}

function addressOf(at: number): string {
  return `10.${Math.floor(at / 65_536) % 256}.${Math.floor(at / 256) % 256}.${at % 256}`;
}

function typeOf(at: number): string {
  if (at % 10_000 === 5) return 'key_revoked';
  return at % 10 === 3 ? 'login_failed' : 'login_succeeded';
}

function idOf(time: number, at: number): string {
  const hex = time.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${at.toString(16).padStart(12, '0')}`;
}
