import { findNearest } from '../../../kernel/options/did-you-mean.ts';

/** Where a route is served. */
export interface RouteAddress {
  readonly method: string;
  readonly url: string;
}

/** Where each route is served, by its name. A route that the host left out is absent. */
export type RouteTable = ReadonlyMap<string, RouteAddress>;

const ADDRESS = /^(?:(GET|POST|PUT|PATCH|DELETE) )?(\/[^\s?#]*)$/;
const PARAMETER = /:(\w+)/g;

/**
 * Reads the paths that the host gives.
 * @param defaults the method and path of every route, such as `POST /auth/login`
 * @param paths new paths by route name; false leaves a route out
 * @throws {TypeError} naming an unknown route, or a path that is not valid
 */
export function readRouteTable(
  defaults: Readonly<Record<string, string>>,
  paths: Readonly<Record<string, string | false | undefined>>,
): RouteTable {
  assertKnown(Object.keys(paths), Object.keys(defaults));
  const table = new Map<string, RouteAddress>();
  for (const [name, address] of Object.entries(defaults)) {
    const path = paths[name];
    if (path !== false) table.set(name, readAddress(name, address, path));
  }
  return table;
}

function assertKnown(names: readonly string[], known: readonly string[]): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = findNearest(name, known);
    const hint =
      meant === undefined ? `The routes are ${known.join(', ')}.` : `Did you mean "${meant}"?`;
    throw new TypeError(`paths: there is no route "${name}". ${hint}`);
  }
}

function readAddress(name: string, address: string, path: string | undefined): RouteAddress {
  const [method = '', url = ''] = address.split(' ');
  if (path === undefined) return { method, url };
  const parsed = ADDRESS.exec(String(path));
  if (parsed === null) {
    throw new TypeError(
      `paths.${name}: "${path}" is not a path. Write "/some/path" or "GET /some/path".`,
    );
  }
  const given = { method: parsed[1] ?? method, url: parsed[2] ?? url };
  const present = new Set(Array.from(given.url.matchAll(PARAMETER), ([, parameter]) => parameter));
  for (const [, parameter = ''] of url.matchAll(PARAMETER)) {
    if (present.has(parameter)) continue;
    throw new TypeError(
      `paths.${name}: "${path}" must contain ":${parameter}", in the place of the ${name}'s ${parameter}.`,
    );
  }
  return given;
}
