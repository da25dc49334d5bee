import { findNearest } from '../kernel/options/did-you-mean.ts';

/** Every route by its name, with the method and path it has unless renamed. */
export const DEFAULT_ROUTES = {
  register: 'POST /auth/register',
  login: 'POST /auth/login',
  token: 'POST /auth/token',
  refresh: 'POST /auth/refresh',
  logout: 'POST /auth/logout',
  logoutAll: 'POST /auth/logout/all',
  me: 'GET /auth/me',
  password: 'POST /auth/password',
  sessions: 'GET /auth/sessions',
  session: 'DELETE /auth/sessions/:id',
  verify: 'GET /auth/verify',
  introspect: 'POST /auth/introspect',
  revoke: 'POST /auth/revoke',
  revocations: 'GET /auth/revocations',
  jwks: 'GET /.well-known/jwks.json',
  metadata: 'GET /.well-known/oauth-authorization-server',
} as const;

export type RouteName = keyof typeof DEFAULT_ROUTES;

/**
 * New paths by route name. A path (`'/login'`) keeps the method; `'GET /login'` sets both; `false`
 * leaves the route out.
 */
export type RoutePaths = { readonly [Name in RouteName]?: string | false };

export interface RouteAddress {
  readonly method: string;
  readonly url: string;
}

/** Where each route is served; a route that is left out is absent. */
export type RouteTable = ReadonlyMap<RouteName, RouteAddress>;

const ADDRESS = /^(?:(GET|POST|PUT|PATCH|DELETE) )?(\/[^\s?#]*)$/;

/** @throws {TypeError} naming the path that is not one */
export function createRouteTable(paths: RoutePaths = {}): RouteTable {
  for (const name of Object.keys(paths)) {
    if (!Object.hasOwn(DEFAULT_ROUTES, name)) {
      const known = Object.keys(DEFAULT_ROUTES);
      const meant = findNearest(name, known);
      throw new TypeError(
        `paths: there is no route "${name}". ${meant === undefined ? `The routes are ${known.join(', ')}.` : `Did you mean "${meant}"?`}`,
      );
    }
  }
  const table = new Map<RouteName, RouteAddress>();
  for (const name of Object.keys(DEFAULT_ROUTES) as RouteName[]) {
    const path = paths[name];
    if (path !== false) table.set(name, parseAddress(name, path));
  }
  return table;
}

function parseAddress(name: RouteName, path: string | undefined): RouteAddress {
  const [method = '', url = ''] = DEFAULT_ROUTES[name].split(' ');
  if (path === undefined) return { method, url };
  const parsed = ADDRESS.exec(String(path));
  if (parsed === null) {
    throw new TypeError(
      `paths.${name}: "${path}" is not a path. Write "/some/path" or "GET /some/path".`,
    );
  }
  const address = { method: parsed[1] ?? method, url: parsed[2] ?? url };
  if (name === 'session' && !/:id(?!\w)/.test(address.url)) {
    throw new TypeError(`paths.session: "${path}" must hold ":id", where the session's id stands.`);
  }
  return address;
}
