/** A server with one user who has very many sessions, and other users with one each. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { answerParent } from '../lib/child.ts';
import { databaseOptions, listen } from './server-process.ts';

export interface HeavyUserQuestion {
  readonly folder: string;
  readonly databaseUrl: string | undefined;
  readonly user: { readonly username: string; readonly password: string };
  /** How many other users there are. */
  readonly others: number;
}

export interface HeavyUserAnswer {
  readonly port: number;
  readonly userId: string;
  /** For introspection. */
  readonly guardKey: string;
  /** Access tokens of the others. */
  readonly tokens: readonly string[];
}

let app: FastifyInstance | undefined;

answerParent<HeavyUserQuestion>(async (question): Promise<HeavyUserAnswer> => {
  const { folder, databaseUrl, user, others } = question;
  app = await createApp({
    dataDir: join(folder, 'data'),
    ...databaseOptions(databaseUrl),
    accessTokenTtl: '1h',
    hashing: { memoryCost: 8, timeCost: 1, maxQueue: 10_000 },
    env: {},
    envFile: false,
  });
  const { auth, clients, users } = app.latchkey;
  const { id } = await users.create(user);
  const { key } = await clients.create({ name: 'bench', kind: 'guard' });
  const tokens: string[] = [];
  for (let other = 0; other < others; other++) {
    const names = { username: `other-${other}`, password: 'correct horse battery' };
    tokens.push((await auth.register(names)).accessToken);
  }
  return { port: await listen(app), userId: id, guardKey: key, tokens };
});
