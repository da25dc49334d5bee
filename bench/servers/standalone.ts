/** The server of `latchkey serve`, durable in a folder, with a protected route of its host. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { databaseOptions, listen, serve } from './server.ts';

export interface StandaloneSetup {
  /** For the database and the secret. */
  readonly folder: string;
  /** `postgres://…`; absent: SQLite in the folder. */
  readonly databaseUrl?: string | undefined;
  readonly users: number;
  readonly refreshGrace: string;
  /** The real cost of a password hash, or next to none where passwords are not what is measured. */
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
