import type { FastifyInstance, RouteOptions } from 'fastify';

/** What the documentation of an app is made from. */
export interface RouteCatalogue {
  readonly routes: readonly RouteOptions[];
  /** The shared schemas, which routes refer to. */
  readonly schemas: readonly unknown[];
  /** The methods that the app knows. */
  readonly methods: readonly string[];
}

/**
 * Notes the routes that are added from now on, to this app and within it.
 * @returns reads what was noted; call it when the app is ready
 */
export function watchRoutes(app: FastifyInstance): () => RouteCatalogue {
  const routes: RouteOptions[] = [];
  const scopes: FastifyInstance[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onRegister', (scope) => {
    scopes.push(scope);
  });
  return () => ({
    routes,
    // Two scopes may use one name. That of the app itself wins.
    schemas: Object.values(Object.assign({}, ...[...scopes, app].map((it) => it.getSchemas()))),
    methods: app.supportedMethods,
  });
}
