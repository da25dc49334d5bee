import swagger, { type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { RouteContext } from './route-context.ts';
import type { RouteName } from './routes-table.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { VERSION } from './version.ts';

/** Swagger UI sets styles on elements; everything else on its page comes from its own files. */
const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The routes for guards, and how those say who they are. */
const GUARDED = ['introspect', 'revocations'] as const;
const GUARD_SCHEME = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'lkg_…',
  description: 'The key of a guard: latchkey guards create NAME. By Basic it is taken too.',
} as const;

/**
 * Leaves a form of username and password: there are no clients to name here and no scopes to choose, and
 * the bar on top only offers to load another document. Keys of guards are for programs, not for people.
 */
const DOCS_CSS = `
.swagger-ui .topbar,
.swagger-ui .scope-def,
.swagger-ui .auth-container .wrapper:has(> label[for="password_type"]),
.swagger-ui .auth-container .wrapper:has(> label[for^="client_"]),
.swagger-ui .auth-container:has(label[for="auth-bearer-value"]) {
  display: none;
}
`;

/**
 * Serves the OpenAPI document at `/openapi.json` and Swagger UI at `/docs`, all from this server.
 * Routes added after it are in it, the host's own included.
 */
export async function addDocs(app: FastifyInstance, context: RouteContext): Promise<void> {
  const path = (context.routes.get('token') ?? context.routes.get('login'))?.url;
  const tokenUrl = path === undefined ? undefined : context.prefix + path;
  await app.register(swagger, {
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject;
      markOptionalBodies(made.openapiObject, context);
      return made.openapiObject;
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version: VERSION,
        description:
          'Authentication. Register, then press **Authorize** and sign in to try the routes that need it.',
      },
      components: {
        securitySchemes: {
          ...(tokenUrl === undefined
            ? {}
            : {
                account: {
                  type: 'oauth2',
                  description: 'Sign in with username (or email address) and password.',
                  flows: {
                    password: {
                      tokenUrl,
                      // The login route signs in and does not refresh.
                      ...(context.routes.has('token') ? { refreshUrl: tokenUrl } : {}),
                      scopes: {},
                    },
                  },
                },
              }),
          ...(GUARDED.some((name) => context.routes.has(name)) ? { guard: GUARD_SCHEME } : {}),
        },
      },
    },
  });
  await app.register(async (scope) => {
    addSecurityHeaders(scope);
    await scope.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: DOCS_CSP,
      uiConfig: { persistAuthorization: false },
      theme: { title: 'Latchkey API', css: [{ filename: 'latchkey.css', content: DOCS_CSS }] },
    });
    scope.get('/openapi.json', { schema: { hide: true } as object }, async () => app.swagger());
  });
}

type OpenApiDocument = Extract<
  Parameters<SwaggerTransformObject>[0],
  { openapiObject: unknown }
>['openapiObject'];

/** Routes whose token may come as a cookie, so that no body is needed. */
const BODY_OPTIONAL: readonly RouteName[] = ['refresh', 'logout'];

/** The library calls every body required. Routes of the host are left as they are. */
function markOptionalBodies(
  { paths = {} }: OpenApiDocument,
  { prefix, routes }: RouteContext,
): void {
  for (const name of BODY_OPTIONAL) {
    const address = routes.get(name);
    if (address === undefined) continue;
    const methods = Object.entries(paths[prefix + address.url] ?? {});
    const [, operation] = methods.find(([method]) => method.toUpperCase() === address.method) ?? [];
    if (typeof operation === 'object' && 'requestBody' in operation) {
      operation.requestBody = { ...operation.requestBody, required: false };
    }
  }
}
