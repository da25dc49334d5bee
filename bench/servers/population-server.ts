/** A server that signs up more users each time it is asked. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { answerParent } from '../lib/child.ts';
import { databaseOptions, listen } from './server-process.ts';

export type PopulationQuestion =
  | { readonly open: { readonly folder: string; readonly databaseUrl: string | undefined } }
  | { readonly people: number };

export interface PopulationAnswer {
  readonly port?: number;
  /** Refresh tokens of the users who signed up. */
  readonly tokens?: readonly string[];
}

const CONCURRENT = 50;

let app: FastifyInstance | undefined;
let made = 0;

answerParent<PopulationQuestion>(async (question): Promise<PopulationAnswer> => {
  if ('open' in question) {
    const { folder, databaseUrl } = question.open;
    app = await createApp({
      dataDir: join(folder, 'data'),
      ...databaseOptions(databaseUrl),
      refreshGrace: '0s',
      hashing: { memoryCost: 8, timeCost: 1, maxQueue: 10_000 },
      env: {},
      envFile: false,
    });
    return { port: await listen(app) };
  }
  const tokens: string[] = [];
  while (tokens.length < question.people) {
    const together = Math.min(CONCURRENT, question.people - tokens.length);
    tokens.push(...(await Promise.all(Array.from({ length: together }, signUp))));
  }
  return { tokens };
});

async function signUp(): Promise<string> {
  if (app === undefined) throw new Error('Open it first.');
  const user = { username: `person-${made++}`, password: 'correct horse battery' };
  return (await app.latchkey.auth.register(user)).refreshToken;
}
