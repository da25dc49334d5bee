/** What a framework server is asked to be, and what it answers. */
import type { Keys } from '../../lib/data/keys.ts';

export type Framework = 'fastify' | 'hono' | 'express';

export type Protection =
  | { readonly by: 'nothing' }
  /** An empty guard, which shows what the framework takes for any guard. */
  | { readonly by: 'passing' }
  /** An empty guard that asks for the header, which no guard can do without. */
  | { readonly by: 'reading' }
  | { readonly by: 'latchkey'; readonly keys: Keys; readonly issuer: string }
  /** The usual guard of the framework. */
  | { readonly by: 'peer'; readonly keys: Keys }
  /** Only in Hono. */
  | { readonly by: 'better-auth'; readonly users: number; readonly cookieCache: boolean };

export interface FrameworkSetup {
  readonly framework: Framework;
  readonly protection: Protection;
}

export interface FrameworkStarted {
  readonly port: number;
  /** Cookie headers of the signed-in users, if the server itself signs users in. */
  readonly cookies?: readonly string[];
}
