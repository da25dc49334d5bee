import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { addSecurityHeaders } from '../../http/security-headers.ts';
import { watchRoutes } from './route-catalogue.ts';

type PageRequest = FastifyRequest<{ Params: { '*'?: string } }>;

/** A browser that has a file of the page asks with these whether it is still current. */
const CONDITIONS = ['if-none-match', 'if-modified-since'] as const;

/** What Node.js sets for each connection. */
const OF_CONNECTION = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding']);

/**
 * Serves the OpenAPI document at `/openapi.json` and Swagger UI at `/docs`, all from this server.
 * They include the routes that are added later, the host's own among them. The first request loads what makes them.
 */
export function addDocs(app: FastifyInstance, context: RouteContext): void {
  const readRoutes = watchRoutes(app);
  let made: Promise<FastifyInstance> | undefined;
  const load = async () => {
    const { createDocsApp } = await import('./docs-app.ts');
    return createDocsApp(readRoutes(), context);
  };
  const open = () => (made ??= load());

  async function servePage(request: PageRequest, reply: FastifyReply): Promise<unknown> {
    const { '*': file = '' } = request.params;
    // The page refers to everything relative to one address, the one without a slash.
    if (file === '' && /\/(\?|$)/.test(request.url)) return reply.redirect('../docs');
    if (file === 'static/index.html') return reply.redirect('../../docs');
    const docs = await open();
    const response = await docs.inject({
      url: file === '' ? '/docs' : `/docs/${file.split('/').map(encodeURIComponent).join('/')}`,
      headers: Object.fromEntries(CONDITIONS.map((name) => [name, request.headers[name] ?? ''])),
    });
    const { statusCode } = response;
    if (statusCode >= 500) throw new Error(`The documentation failed: ${response.payload}`);
    if (statusCode >= 400) return reply.callNotFound();
    for (const [name, value] of Object.entries(response.headers)) {
      if (!OF_CONNECTION.has(name)) reply.header(name, value);
    }
    return reply.code(statusCode).send(statusCode === 304 ? undefined : response.rawPayload);
  }

  void app.register(async (scope) => {
    addSecurityHeaders(scope);
    const hidden = { schema: { hide: true } as object };
    scope.get('/docs', hidden, servePage);
    scope.get('/docs/*', hidden, servePage);
    scope.get('/openapi.json', hidden, async () => (await open()).swagger());
  });
}
