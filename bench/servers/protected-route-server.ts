/** One Fastify server with one route, bare or behind one kind of guard. */
import Fastify, { type FastifyInstance } from 'fastify';
import { latchkey } from 'latchkey/server';
import type { Keys } from '../lib/data/keys.ts';
import { createSettings } from '../lib/data/signed-in.ts';
import { addFastifyJwt, handler } from './frameworks/fastify.ts';
import { listen, serve } from './server-process.ts';

export type ProtectedRouteSetup =
  | { readonly guard: 'none' }
  | { readonly guard: 'latchkey'; readonly keys: Keys; readonly users: number }
  | { readonly guard: '@fastify/jwt'; readonly keys: Keys; readonly cache: number | false };

export interface ProtectedRouteStarted {
  readonly port: number;
  /** Access tokens of the users that were signed in. */
  readonly tokens: readonly string[];
}

serve<ProtectedRouteSetup, ProtectedRouteStarted>(async (setup) => {
  const app = Fastify();
  const tokens = await addRoute(app, setup);
  return { port: await listen(app), tokens };
});

async function addRoute(
  app: FastifyInstance,
  setup: ProtectedRouteSetup,
): Promise<readonly string[]> {
  if (setup.guard === 'none') {
    app.get('/protected', handler);
    return [];
  }
  if (setup.guard === '@fastify/jwt') {
    await addFastifyJwt(app, setup.keys, setup.cache);
    return [];
  }
  const { keys, users } = setup;
  await app.register(latchkey, createSettings(keys, users));
  app.get('/protected', { onRequest: app.requireUser() }, handler);
  return Promise.all(Array.from({ length: users }, (_, index) => signUp(app, index)));
}

async function signUp(app: FastifyInstance, index: number): Promise<string> {
  const user = { username: `user-${index}`, password: 'correct horse battery' };
  const { accessToken } = await app.latchkey.auth.register(user);
  return accessToken;
}
