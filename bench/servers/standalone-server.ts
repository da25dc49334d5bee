/** The standalone server with its data in a folder, and one protected route. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { databaseOptions, listen, serve } from './server-process.ts';

export interface StandaloneSetup {
  /** For the database and the secret. */
  readonly folder: string;
  /** `postgres://…`; default: SQLite in the folder. */
  readonly databaseUrl?: string | undefined;
  readonly users: number;
  readonly refreshGrace: string;
  /** `cheap` for benches that do not measure passwords. */
  readonly hashing: 'real' | 'cheap';
  /** How many passwords may wait. Default: as many as there are users. */
  readonly maxQueue?: number;
}

export interface StandaloneStarted {
  readonly port: number;
  readonly users: readonly StandaloneUser[];
}

export interface StandaloneUser {
  readonly username: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** What its device is known by. */
  readonly deviceToken: string;
}

serve<StandaloneSetup, StandaloneStarted>(async (setup) => {
  const { folder, databaseUrl, users, refreshGrace, hashing, maxQueue = users } = setup;
  const app = await createApp({
    dataDir: join(folder, 'data'),
    ...databaseOptions(databaseUrl),
    accessTokenTtl: '24h',
    refreshGrace,
    hashing: { maxQueue, ...(hashing === 'real' ? {} : { memoryCost: 8, timeCost: 1 }) },
    env: {},
    envFile: false,
  });
  app.get('/protected', { onRequest: app.requireUser() }, () => ({
    message: 'You are accessing a protected route.',
  }));
  const registered: StandaloneUser[] = [];
  for (let first = 0; first < users; first += maxQueue) {
    const length = Math.min(maxQueue, users - first);
    const batch = Array.from({ length }, (_, index) => register(app, first + index));
    registered.push(...(await Promise.all(batch)));
  }
  return { users: registered, port: await listen(app) };
});

async function register(app: FastifyInstance, index: number): Promise<StandaloneUser> {
  const user = { username: `user-${index}`, password: 'correct horse battery' };
  const { accessToken, refreshToken, deviceToken = '' } = await app.latchkey.auth.register(user);
  return { ...user, accessToken, refreshToken, deviceToken };
}
