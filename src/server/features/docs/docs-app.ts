import swagger, { type SwaggerTransform, type SwaggerTransformObject } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { ABSENT_MARK } from '../../http/schema/json-schema.ts';
import { addSecurityHeaders } from '../../http/security-headers.ts';
import { VERSION } from '../../version.ts';
import { nameSchemas } from './name-schemas.ts';
import type { RouteCatalogue } from './route-catalogue.ts';
import { shareRefusals } from './share-refusals.ts';

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

/** How clients authenticate, on the routes that are for them. */
const CLIENT_SCHEME = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'lkg_…',
  description:
    'The key of a client: latchkey clients create NAME --kind guard. Basic works too, with the id of the client and its key.',
} as const;

/**
 * Leaves only a form of username and password. There are no clients or scopes to choose here, the bar on top only
 * offers to load another document, and keys of clients are for programs, not for people.
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
 * Makes an app that documents another: it serves Swagger UI at `/docs`, and its `swagger()` is the
 * OpenAPI document. It never listens. Import this file only when a request asks for the documentation: its libraries are
 * a third of all that a start would load.
 */
export async function createDocsApp(
  { routes, schemas, methods }: RouteCatalogue,
  context: RouteContext,
): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  addSecurityHeaders(app);
  await addDocument(app, context);
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }
  for (const schema of schemas) app.addSchema(schema);
  for (const [at, route] of routes.entries()) app.route(describeRoute(route, at));
  await addPage(app, context);
  await app.ready();
  return app;
}

/**
 * Describes a route of the other app. It stands under an address of its own, because two routes may share theirs, such
 * as those of two hosts.
 */
function describeRoute({ method, url, schema, config, ...route }: RouteOptions, at: number) {
  const transform = config?.swaggerTransform;
  return {
    method,
    url: `/${at}`,
    ...(schema === undefined ? {} : { schema }),
    ...('links' in route ? { links: route.links } : {}),
    config: {
      ...config,
      swaggerTransform: (given: Parameters<SwaggerTransform>[0]) => ({
        schema: given.schema,
        url,
        ...(transform ? transform({ ...given, url }) : {}),
      }),
    },
    handler: () => undefined,
  } satisfies RouteOptions & { links?: unknown };
}

async function addDocument(app: FastifyInstance, context: RouteContext): Promise<void> {
  const path = findSignInPath(context);
  const { issuer } = context.latchkey.settings;
  const basePath = new URL(issuer).pathname.replace(/\/$/, '');
  const tokenUrl = path === undefined ? undefined : basePath + context.prefix + path;
  await app.register(swagger, {
    // The paths are those of this app, even if a proxy in front removes a part of them.
    stripBasePath: false,
    transformObject: (made) => {
      if (!('openapiObject' in made)) return made.swaggerObject;
      markOptionalBodies(made.openapiObject);
      dropUnusedSchemes(made.openapiObject);
      nameSchemas(made.openapiObject);
      shareRefusals(made.openapiObject);
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
      servers: [{ url: issuer }],
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
          client: CLIENT_SCHEME,
        },
      },
    },
  });
}

async function addPage(app: FastifyInstance, context: RouteContext): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '.',
    transformSpecification: (document) => {
      makeRelative(document as OpenApiDocument, context.prefix, findSignInPath(context));
      return document;
    },
    staticCSP: DOCS_CSP,
    uiConfig: { persistAuthorization: false },
    theme: { title: 'Latchkey API', css: [{ filename: 'latchkey.css', content: DOCS_CSS }] },
  });
}

/** The path of the route that the Authorize button signs in by. */
function findSignInPath({ routes }: RouteContext): string | undefined {
  return (routes.get('token') ?? routes.get('login'))?.url;
}

type OpenApiDocument = Extract<
  Parameters<SwaggerTransformObject>[0],
  { openapiObject: unknown }
>['openapiObject'];

/**
 * Makes the document's addresses relative, for the page only. It must work at every address: below a prefix, behind a
 * proxy that removes a path, and under other names than the issuer's. OpenAPI resolves the server's address
 * against that of the document (`docs/json`); Swagger UI resolves that of the token endpoint against the page.
 */
function makeRelative(document: OpenApiDocument, prefix: string, tokenPath: string | undefined) {
  const depth = prefix.split('/').length;
  document.servers = [{ url: '../'.repeat(depth) }];
  const account = document.components?.securitySchemes?.['account'];
  if (tokenPath === undefined || account === undefined || !('flows' in account)) return;
  const { password } = account.flows;
  if (password === undefined) return;
  password.tokenUrl = `.${tokenPath}`;
  if (password.refreshUrl !== undefined) password.refreshUrl = password.tokenUrl;
}

/** The library calls every body required. Bodies of the host's routes are left as they are. */
function markOptionalBodies(document: OpenApiDocument): void {
  for (const operation of listOperations(document)) {
    const { requestBody } = operation;
    if (requestBody === undefined || '$ref' in requestBody) continue;
    for (const media of Object.values(requestBody.content)) {
      if (media.schema === undefined || !(ABSENT_MARK in media.schema)) continue;
      const { [ABSENT_MARK]: _, ...schema } = media.schema;
      media.schema = schema;
      requestBody.required = false;
    }
  }
}

/** Leaves the scheme of clients out where no route is for them. */
function dropUnusedSchemes(document: OpenApiDocument): void {
  const isUsed = listOperations(document).some(({ security = [] }) =>
    security.some((each) => 'client' in each),
  );
  if (!isUsed) delete document.components?.securitySchemes?.['client'];
}

type Operation = NonNullable<NonNullable<NonNullable<OpenApiDocument['paths']>[string]>['get']>;

function listOperations({ paths = {} }: OpenApiDocument): Operation[] {
  return Object.values(paths).flatMap((path) =>
    Object.values(path ?? {}).filter((each) => typeof each === 'object' && 'responses' in each),
  );
}
