import fastifyJwt from '@fastify/jwt';
import Fastify, {
  type FastifyInstance,
  type onRequestAsyncHookHandler,
  type onRequestHookHandler,
} from 'fastify';
import { latchkeyGuard } from 'latchkey/guard/fastify';
import type { Keys } from '../../lib/data/keys.ts';
import { listen } from '../server-process.ts';
import { createLocalGuard } from './latchkey.ts';
import type { FrameworkStarted, Protection } from './protection.ts';

export const handler = () => ({ message: 'You are accessing a protected route.' });

export async function startFastify(protection: Protection): Promise<FrameworkStarted> {
  const app = Fastify();
  await addRoute(app, protection);
  return { port: await listen(app) };
}

async function addRoute(app: FastifyInstance, protection: Protection): Promise<void> {
  switch (protection.by) {
    case 'nothing':
      app.get('/protected', handler);
      return;
    case 'passing':
      app.get('/protected', { onRequest: (_request, _reply, done) => done() }, handler);
      return;
    case 'reading': {
      const onRequest: onRequestHookHandler = (request, _reply, done) => {
        if (request.raw.headers.authorization === undefined) throw new Error('No header came.');
        done();
      };
      app.get('/protected', { onRequest }, handler);
      return;
    }
    case 'latchkey':
      await app.register(latchkeyGuard, {
        guard: createLocalGuard(protection.keys, protection.issuer),
      });
      app.get('/protected', { onRequest: app.requireUser() }, handler);
      return;
    case 'peer':
      return addFastifyJwt(app, protection.keys, false);
    case 'better-auth':
      throw new Error('It is measured in Hono.');
  }
}

/** As its documentation shows it; it checks neither issuer, nor audience, nor revocation. */
export async function addFastifyJwt(
  app: FastifyInstance,
  keys: Keys,
  cache: number | false,
): Promise<void> {
  await app.register(fastifyJwt, {
    secret:
      keys.algorithm === 'HS256' ? keys.private : { private: keys.private, public: keys.public },
    sign: { algorithm: keys.algorithm },
    ...(cache === false ? {} : { verify: { cache } }),
  });
  const authenticate: onRequestAsyncHookHandler = async (request, reply) => {
    try {
      await request.jwtVerify();
    } catch (error) {
      reply.send(error);
    }
  };
  app.get('/protected', { onRequest: authenticate }, handler);
}
