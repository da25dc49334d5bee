/** A server that signs users in and revokes their tokens, in every way there is. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { answerParent } from '../../lib/child.ts';
import { now } from '../../lib/now.ts';
import { createWatch } from '../../lib/watch.ts';
import { databaseOptions, listen } from '../server-process.ts';
import type { Kind } from './kinds.ts';

export type RevocationQuestion =
  | { readonly start: RevocationSetup }
  | { readonly guard: string }
  | { readonly people: number }
  | { readonly revoke: Kind; readonly tokens: readonly string[]; readonly pause: number }
  /** Polls these tokens until this server refuses them. */
  | { readonly watch: readonly string[] }
  /** Waits until all watched tokens are refused, this many ms at most. */
  | { readonly collect: number }
  | { readonly close: true };

export interface RevocationSetup {
  readonly folder: string;
  /** `postgres://…`; default: SQLite in the folder. */
  readonly databaseUrl?: string | undefined;
  readonly issuer: string;
}

export interface RevocationAnswer {
  readonly port?: number;
  readonly key?: string;
  readonly tokens?: readonly string[];
  /** When each was acknowledged, or refused; null where it was not. */
  readonly times?: readonly (number | null)[];
}

let app: FastifyInstance | undefined;
let made = 0;

async function start({ folder, databaseUrl, issuer }: RevocationSetup): Promise<RevocationAnswer> {
  app = await createApp({
    dataDir: join(folder, 'data'),
    ...databaseOptions(databaseUrl),
    issuer,
    accessTokenTtl: '1h',
    hashing: { memoryCost: 8, timeCost: 1, maxQueue: 10_000 },
    env: {},
    envFile: false,
  });
  return { port: await listen(app) };
}

const watch = createWatch((token) => {
  try {
    return app?.latchkey.verify(token) !== undefined;
  } catch {
    return false;
  }
});

async function revoke({ latchkey }: FastifyInstance, kind: Kind, token: string): Promise<void> {
  const { auth, users } = latchkey;
  const claims = latchkey.verify(token);
  switch (kind) {
    case 'one token':
      return auth.revokeToken(claims);
    case 'sign out':
      return auth.logout(claims);
    case 'end another session':
      return auth.endSession(claims, claims.sid);
    case 'sign out everywhere':
      return auth.logoutAll(claims);
    case 'new password':
      return void (await users.setPassword(claims.sub, 'another good one'));
    case 'new roles':
      return void (await users.setRoles(claims.sub, ['admin']));
    case 'disable':
      return void (await users.disable(claims.sub));
    case 'delete':
      return void (await users.delete(claims.sub));
  }
}

answerParent<RevocationQuestion>(async (question): Promise<RevocationAnswer> => {
  if ('start' in question) return start(question.start);
  if (app === undefined) throw new Error('It was not started.');
  const { auth, clients } = app.latchkey;
  if ('guard' in question)
    return { key: (await clients.create({ name: question.guard, kind: 'guard' })).key };
  if ('people' in question) {
    const people = Array.from({ length: question.people }, () => {
      const username = `user-${process.pid}-${made++}`;
      return auth.register({ username, password: 'correct horse battery' });
    });
    return { tokens: (await Promise.all(people)).map(({ accessToken }) => accessToken) };
  }
  if ('watch' in question) {
    watch.begin(question.watch);
    return {};
  }
  if ('collect' in question) return { times: await watch.collect(question.collect) };
  if ('close' in question) {
    await app.close();
    return {};
  }
  const times: number[] = [];
  for (const token of question.tokens) {
    await revoke(app, question.revoke, token);
    times.push(now());
    await new Promise((resolve) => setTimeout(resolve, question.pause));
  }
  return { times };
});
