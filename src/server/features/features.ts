import type { FastifyInstance } from 'fastify';
import { addRoute } from '../http/routes/add-route.ts';
import type { StandaloneServer } from '../http/routes/feature.ts';
import type { RouteContext } from '../http/routes/route-context.ts';
import { type RouteTable, readRouteTable } from '../http/routes/route-table.ts';
import { account } from './account/routes.ts';
import { admin } from './admin/routes.ts';
import { discovery } from './discovery/routes.ts';
import { health } from './health/routes.ts';
import { introspect } from './introspect/routes.ts';
import { login } from './login/routes.ts';
import { logout } from './logout/routes.ts';
import { mfa } from './mfa/routes.ts';
import { passwordReset } from './password-reset/routes.ts';
import { refresh } from './refresh/routes.ts';
import { register } from './register/routes.ts';
import { revocationFeed } from './revocation-feed/routes.ts';
import { revoke } from './revoke/routes.ts';
import { token } from './token/routes.ts';
import { verify } from './verify/routes.ts';

/** Everything the server offers by HTTP, in the order of its documentation. A new feature is a folder and a line here. */
const FEATURES = [
  register,
  login,
  token,
  refresh,
  logout,
  mfa,
  account,
  passwordReset,
  admin,
  verify,
  introspect,
  revoke,
  revocationFeed,
  discovery,
  health,
] as const;

type KeysOf<T> = T extends unknown ? keyof T : never;

/** The name of a route, for {@link RoutePaths}. */
export type RouteName = KeysOf<(typeof FEATURES)[number]['routes']>;

/**
 * New paths by route name. A path (`'/login'`) keeps the method, `'GET /login'` sets both, and `false`
 * leaves the route out.
 */
export type RoutePaths = { readonly [Name in RouteName]?: string | false };

/** Every route by its name, with the method and path it has unless renamed. */
export const DEFAULT_ROUTES: Readonly<Record<RouteName, string>> = Object.assign(
  {},
  ...FEATURES.map(({ routes }) => routes),
);

/** @throws {TypeError} naming an unknown route, or a path that is not valid */
export function createRouteTable(paths: RoutePaths = {}): RouteTable {
  return readRouteTable(DEFAULT_ROUTES, paths);
}

/** Adds the routes of all features. */
export function mountFeatures(app: FastifyInstance, context: RouteContext): void {
  for (const { mount } of FEATURES) {
    mount?.(app, context, (name, route) => addRoute(app, context, name, route));
  }
}

/**
 * Adds what only the standalone server has.
 * @param prepare is given the scope of each feature before its routes
 */
export async function mountStandaloneFeatures(
  app: FastifyInstance,
  context: RouteContext,
  server: StandaloneServer,
  prepare: (scope: FastifyInstance) => void,
): Promise<void> {
  for (const { mountStandalone } of FEATURES) {
    if (mountStandalone === undefined) continue;
    await app.register(async (scope) => {
      prepare(scope);
      mountStandalone(scope, context, server);
    });
  }
}

/**
 * The server's metadata, as its features describe it.
 * @param toUrl the whole URL of a path of the table
 */
export function collectMetadata(
  routes: RouteTable,
  toUrl: (path: string) => string,
): Readonly<Record<string, unknown>> {
  const find = (name: string) => {
    const url = routes.get(name)?.url;
    return url === undefined ? undefined : toUrl(url);
  };
  return Object.assign({}, ...FEATURES.map(({ metadata }) => metadata?.(find)));
}
