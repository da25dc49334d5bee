import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Order, Report, StartOrder } from './postgres-keeper.ts';

/** A PostgreSQL server of this test file's own. It ends with the file, even if that is killed. */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database; answers its URL. */
  createDatabase(): Promise<string>;
  /** A connection as the server's owner; to be ended by the caller. */
  connect(url?: string): Promise<pg.Client>;
  /** `fast`: ends transactions and stops in order. `immediate`: as if it crashed. `kill`: SIGKILL. */
  stop(mode: 'fast' | 'immediate' | 'kill'): Promise<void>;
  /** Starts it again, on the same port and data. */
  restart(): Promise<void>;
}

const signals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

/** Starts a server; takes half a second. `flags` are settings such as `max_connections=20`. */
export async function startPostgres(
  flags: readonly string[] = [],
  { hba, tls }: Pick<StartOrder, 'hba' | 'tls'> = {},
): Promise<PostgresServer> {
  const keeper = fork(join(import.meta.dirname, 'postgres-keeper.ts'), { stdio: 'ignore' });
  const gone = once(keeper, 'exit').then((): Report => ({ error: 'its keeper ended' }));
  const tell = async (order: Order) => {
    keeper.send(order);
    const answered = once(keeper, 'message').then(([it]): Report => it);
    const report = await Promise.race([answered, gone]);
    if ('error' in report) throw new Error(`PostgreSQL: ${report.error}`);
    return report;
  };
  after(async () => {
    if (keeper.connected) keeper.disconnect();
    await gone;
  });

  const { port, password } = await tell({ start: { flags, hba, tls } });
  const urlOf = (database: string) =>
    `postgres://latchkey:${password}@127.0.0.1:${port}/${database}`;
  const connect = async (url = urlOf('postgres')) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  let made = 0;
  return {
    port,
    connect,
    async createDatabase() {
      made += 1;
      const client = await connect();
      await client.query(`create database test_${made}`);
      await client.end();
      return urlOf(`test_${made}`);
    },
    async stop(mode) {
      await tell({ signal: signals[mode] });
    },
    async restart() {
      await tell({ restart: true });
    },
  };
}

/** Between two looks at the locks. */
const LOOK_INTERVAL_MS = 2;

/** Resolves once a transaction on the server waits for a lock that another one holds. */
export async function somebodyWaits(watcher: pg.Client): Promise<void> {
  const waiting = 'select from pg_locks where not granted';
  // Without a pause it would take a core from those it waits for.
  while ((await watcher.query(waiting)).rowCount === 0) await pause(LOOK_INTERVAL_MS);
}
