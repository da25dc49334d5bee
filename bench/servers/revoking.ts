/** A server whose users sign in and have something taken back, in every way there is. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { createApp } from 'latchkey/server';
import { answerParent } from '../lib/child.ts';
import { now } from '../lib/now.ts';
import type { Kind } from '../lib/revocation-kinds.ts';
import { listen } from './server.ts';

export type RevokingQuestion =
  | { readonly start: { readonly folder: string; readonly issuer: string } }
  | { readonly guard: string }
  | { readonly people: number }
  | { readonly revoke: Kind; readonly tokens: readonly string[]; readonly pause: number }
  | { readonly close: true };

export interface RevokingAnswer {
  readonly port?: number;
  readonly key?: string;
  readonly tokens?: readonly string[];
  /** When each was acknowledged. */
  readonly times?: readonly number[];
}

let app: FastifyInstance | undefined;
let made = 0;

async function start(folder: string, issuer: string): Promise<RevokingAnswer> {
  app = await createApp({
    dataDir: join(folder, 'data'),
    issuer,
    accessTokenTtl: '1h',
    hashing: { memoryCost: 8, timeCost: 1, maxQueue: 10_000 },
    env: {},
    envFile: false,
  });
  return { port: await listen(app) };
}

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

answerParent<RevokingQuestion>(async (question): Promise<RevokingAnswer> => {
  if ('start' in question) return start(question.start.folder, question.start.issuer);
  if (app === undefined) throw new Error('It was not started.');
  const { auth } = app.latchkey;
  if ('guard' in question) return { key: (await auth.guards.create(question.guard)).key };
  if ('people' in question) {
    const people = Array.from({ length: question.people }, () => {
      const username = `user-${process.pid}-${made++}`;
      return auth.register({ username, password: 'correct horse battery' });
    });
    return { tokens: (await Promise.all(people)).map(({ accessToken }) => accessToken) };
  }
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
