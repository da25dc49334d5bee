/** A server that signs up more users each time it is asked. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp, requireTokens } from 'latchkey/server';
import { answerParent } from '../lib/child.ts';
import { databaseOptions, listen } from './server-process.ts';

export type PopulationQuestion =
  | { readonly open: { readonly folder: string; readonly databaseUrl: string | undefined } }
  | { readonly people: number }
  /** Creates so many users with the role `editor`, and disables every second. */
  | { readonly editors: number }
  /** Signs an administrator in. */
  | { readonly administrator: true };

export interface PopulationAnswer {
  readonly port?: number;
  /** Refresh tokens of the users who signed up. */
  readonly tokens?: readonly string[];
  /** The access token of an administrator. */
  readonly token?: string;
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
  if ('editors' in question) {
    await createEditors(question.editors);
    return {};
  }
  if ('administrator' in question) return { token: await signInAsAdministrator() };
  const tokens: string[] = [];
  while (tokens.length < question.people) {
    const together = Math.min(CONCURRENT, question.people - tokens.length);
    tokens.push(...(await Promise.all(Array.from({ length: together }, signUp))));
  }
  return { tokens };
});

async function createEditors(count: number): Promise<void> {
  if (app === undefined) throw new Error('Open it first.');
  const { users } = app.latchkey;
  for (let it = 0; it < count; it++) {
    const { id } = await users.create({ username: `editor-${made++}`, roles: ['editor'] });
    if (it % 2 === 0) await users.disable(id);
  }
}

async function signInAsAdministrator(): Promise<string> {
  if (app === undefined) throw new Error('Open it first.');
  const { users, auth } = app.latchkey;
  const credentials = { username: 'administrator', password: 'correct horse battery' };
  await users.ensure({ ...credentials, roles: ['admin'] });
  return requireTokens(await auth.login(credentials)).accessToken;
}

async function signUp(): Promise<string> {
  if (app === undefined) throw new Error('Open it first.');
  const user = { username: `person-${made++}`, password: 'correct horse battery' };
  return (await app.latchkey.auth.register(user)).refreshToken;
}
