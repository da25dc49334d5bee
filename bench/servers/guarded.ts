/** A server of any framework with one route, bare or behind one kind of guard. */
import type { Keys } from '../lib/keys.ts';
import { serve } from './server.ts';

export type Framework = 'fastify' | 'hono' | 'express';

export type Protection =
  | { readonly by: 'nothing' }
  /** A guard that lets everybody pass: what the framework takes for any guard. */
  | { readonly by: 'passing' }
  | { readonly by: 'latchkey'; readonly keys: Keys; readonly issuer: string }
  /** What people of the framework use otherwise. */
  | { readonly by: 'peer'; readonly keys: Keys }
  /** In Hono alone. */
  | { readonly by: 'better-auth'; readonly users: number; readonly cookieCache: boolean };

export interface GuardedSetup {
  readonly framework: Framework;
  readonly protection: Protection;
}

export interface GuardedStarted {
  readonly port: number;
  /** Cookie headers of the users that were signed in, where the server is who signs in. */
  readonly cookies?: readonly string[];
}

/** Each is loaded where it is needed: a process holds one framework. */
serve<GuardedSetup, GuardedStarted>(async ({ framework, protection }) => {
  switch (framework) {
    case 'fastify': {
      const { startFastify } = await import('./guarded/fastify.ts');
      return startFastify(protection);
    }
    case 'hono': {
      const { startHono } = await import('./guarded/hono.ts');
      return startHono(protection);
    }
    case 'express': {
      const { startExpress } = await import('./guarded/express.ts');
      return startExpress(protection);
    }
  }
});
