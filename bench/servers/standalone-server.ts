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
}

serve<StandaloneSetup, StandaloneStarted>(async (setup) => {
  const { folder, databaseUrl, users, refreshGrace, hashing } = setup;
  const app = await createApp({
    dataDir: join(folder, 'data'),
    ...databaseOptions(databaseUrl),
    accessTokenTtl: '24h',
    refreshGrace,
    hashing: { maxQueue: users, ...(hashing === 'real' ? {} : { memoryCost: 8, timeCost: 1 }) },
    env: {},
    envFile: false,
  });
  app.get('/protected', { onRequest: app.requireUser() }, () => ({
    message: 'You are accessing a protected route.',
  }));
  const registered = Array.from({ length: users }, (_, index) => register(app, index));
  return { users: await Promise.all(registered), port: await listen(app) };
});

async function register(app: FastifyInstance, index: number): Promise<StandaloneUser> {
  const user = { username: `user-${index}`, password: 'correct horse battery' };
  const { accessToken, refreshToken } = await app.latchkey.auth.register(user);
  return { ...user, accessToken, refreshToken };
}
