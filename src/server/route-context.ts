import type { FastifyInstance, RouteOptions } from 'fastify';
import type { Latchkey } from '../system/latchkey.ts';
import type { AuthCookies } from './cookies.ts';
import type { CredentialReader } from './credentials.ts';
import type { RequireUser } from './require-user.ts';
import type { RouteName, RouteTable } from './routes-table.ts';
import type { SameOriginRule } from './same-origin.ts';

/** How tokens travel in answers. */
export type AnswerTransport = 'body' | 'cookie';

/** What the routes share. */
export interface RouteContext {
  readonly latchkey: Latchkey;
  readonly routes: RouteTable;
  readonly cookies: AuthCookies;
  readonly credentials: CredentialReader;
  readonly assertSameOrigin: SameOriginRule;
  readonly requireUser: RequireUser;
  /** For register and login, unless `?transport=` says otherwise. */
  readonly transport: AnswerTransport;
}

/** Adds a route where the table has it; does nothing where it is left out. */
export function addRoute(
  app: FastifyInstance,
  context: RouteContext,
  name: RouteName,
  options: Omit<RouteOptions, 'method' | 'url'>,
): void {
  const address = context.routes.get(name);
  if (address !== undefined) app.route({ ...options, ...address });
}
