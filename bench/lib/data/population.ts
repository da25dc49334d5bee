import { join } from 'node:path';
import type { PopulationAnswer, PopulationQuestion } from '../../servers/population-server.ts';
import { type Child, startChild } from '../child.ts';
import { createDiskFolder } from '../cleanup.ts';
import { type Crowd, createPostgresCrowd, createSqliteCrowd } from './crowd.ts';
import type { Postgres } from './postgres.ts';

export const databases = ['SQLite', 'PostgreSQL'] as const;
export type DatabaseName = (typeof databases)[number];

export type PopulationServer = Child<PopulationQuestion, PopulationAnswer>;

/** A server on a new database, and what inserts users beside it. */
export interface EmptyPopulation {
  readonly server: PopulationServer;
  readonly port: number;
  readonly crowd: Crowd;
}

export async function startPopulation(
  postgres: Postgres,
  database: DatabaseName,
): Promise<EmptyPopulation> {
  const folder = createDiskFolder();
  const databaseUrl = database === 'SQLite' ? undefined : await postgres.createDatabase();
  const server: PopulationServer = startChild(
    new URL('../../servers/population-server.ts', import.meta.url),
  );
  const { port = 0 } = await server.ask({ open: { folder, databaseUrl } });
  const crowd =
    databaseUrl === undefined
      ? createSqliteCrowd(join(folder, 'data/latchkey.db'))
      : createPostgresCrowd(databaseUrl);
  return { server, port, crowd };
}
