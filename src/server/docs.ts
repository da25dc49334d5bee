import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { RouteContext } from './route-context.ts';
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

/**
 * Serves the OpenAPI document at `/openapi.json` and Swagger UI at `/docs`, all from this server.
 * Routes added after it are in it, the host's own included.
 */
export async function addDocs(app: FastifyInstance, context: RouteContext): Promise<void> {
  const path = (context.routes.get('token') ?? context.routes.get('login'))?.url;
  const tokenUrl = path === undefined ? undefined : context.prefix + path;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version: VERSION,
        description:
          'Authentication. Register, then press **Authorize** and sign in to try the routes that need it.',
      },
      components: {
        securitySchemes:
          tokenUrl === undefined
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
              },
      },
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    uiConfig: { url: '/openapi.json', persistAuthorization: false },
    theme: { title: 'Latchkey API' },
  });
  app.get('/openapi.json', { schema: { hide: true } as object }, async () => app.swagger());
}
