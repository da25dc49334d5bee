/** Starts the PostgreSQL server that the tests use, with its data on a real disk. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import pg from 'pg';
import type { Order, Report } from '../../../test/support/postgres-keeper.ts';
import { createDiskFolder } from '../cleanup.ts';

export interface Postgres {
  /** Creates an empty database. @returns its URL */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** Uses the server's defaults, so `synchronous_commit` and `fsync` are on. It ends with this process. */
export async function startPostgres(): Promise<Postgres> {
  const folder = createDiskFolder();
  // PostgreSQL refuses to run as root, so another user must be able to enter the folder.
  chmodSync(folder, 0o755);
  const keeper = fork(new URL('../../../test/support/postgres-keeper.ts', import.meta.url), {
    stdio: 'ignore',
    env: { ...process.env, TMPDIR: folder },
  });
  const gone = once(keeper, 'exit');
  const order: Order = { start: { flags: [] } };
  keeper.send(order);
  const answered = once(keeper, 'message').then(([it]): Report => it);
  const ended = gone.then((): Report => ({ error: 'its keeper ended' }));
  const report = await Promise.race([answered, ended]);
  if ('error' in report) throw new Error(`PostgreSQL: ${report.error}`);
  const urlOf = (database: string) =>
    `postgres://latchkey:${report.password}@127.0.0.1:${report.port}/${database}`;
  let made = 0;
  return {
    async createDatabase() {
      const name = `bench_${++made}`;
      await withClient(urlOf('postgres'), (client) => client.query(`create database ${name}`));
      return urlOf(name);
    },
    async stop() {
      if (keeper.connected) keeper.disconnect();
      await gone;
    },
  };
}

/** Opens a connection for `work` and closes it afterwards. */
export async function withClient<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
