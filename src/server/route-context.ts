import type { FastifyInstance, FastifyRequest, FastifySchema, RouteOptions } from 'fastify';
import type { AuthenticatedUser } from '../guard/authenticated-user.ts';
import type { CredentialReader } from '../guard/credentials.ts';
import type { RequireUser } from '../guard/fastify/require-user.ts';
import type { OriginRules } from '../guard/same-origin.ts';
import type { Latchkey } from '../system/latchkey.ts';
import type { AuthCookies } from './cookies.ts';
import type { RouteName, RouteTable } from './routes-table.ts';

/** How tokens travel in answers. */
export type AnswerTransport = 'body' | 'cookie';

/** What the routes share. */
export interface RouteContext {
  readonly latchkey: Latchkey;
  readonly routes: RouteTable;
  /** What the host's app puts before the paths of the table: `''`, or `/api`. */
  readonly prefix: string;
  readonly cookies: AuthCookies;
  readonly credentials: CredentialReader;
  readonly originRules: OriginRules;
  readonly requireUser: RequireUser;
  /** The user of a request, behind `requireUser`. */
  readonly getUser: (request: FastifyRequest) => AuthenticatedUser;
  /** For register and login, unless `?transport=` says otherwise. */
  readonly transport: AnswerTransport;
}

const contexts = new WeakMap<object, RouteContext>();

/** Keeps the context of a plugin for the standalone server, which adds routes of its own. */
export function rememberContext(decorator: object, context: RouteContext): void {
  contexts.set(decorator, context);
}

/** @param decorator `app.latchkey` */
export function recallContext(decorator: object): RouteContext {
  const context = contexts.get(decorator);
  if (context === undefined) throw new Error('The plugin has not been registered on this app.');
  return context;
}

/** Adds a route where the table has it; does nothing where it is left out. */
export function addRoute(
  app: FastifyInstance,
  context: RouteContext,
  name: RouteName,
  options: Omit<RouteOptions, 'method' | 'url'>,
): void {
  const address = context.routes.get(name);
  if (address === undefined) return;
  const schema = { operationId: name, ...createSchema(options.schema, address.method) };
  app.route({ ...options, ...address, schema });
}

/** A route renamed to GET has no body, and Fastify takes no description of one. */
function createSchema(schema: FastifySchema = {}, method: string): FastifySchema {
  if (method !== 'GET') return schema;
  const { body: _, ...others } = schema;
  return others;
}
