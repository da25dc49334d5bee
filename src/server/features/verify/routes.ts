import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isSafeMethod } from '../../../guard/request/same-origin.ts';
import type { AuthenticatedUser } from '../../../guard/verify/authenticated-user.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';
import { verifySchema } from './schema.ts';

/**
 * Forward authentication: a proxy asks before it lets a request through, and passes the `X-Auth-*`
 * headers on. The proxy must remove such headers from requests that come from outside.
 */
export const verify = defineFeature({
  routes: { verify: 'GET /auth/verify' },
  mount(_app, context, addRoute) {
    addRoute('verify', { schema: verifySchema, handler: createHandler(context) });
  },
  mountStandalone: addForwardedRoutes,
});

/**
 * Some proxies (nginx, Caddy, Traefik) ask by GET and name the method in a header. Others (Envoy) keep the
 * method and append the path, so every method is answered below the address too. Only the standalone server
 * does so: in a host's app such routes could take the place of the host's own. Fastify knows methods by app and not by
 * scope, so an app of `createApp` knows all of them.
 */
function addForwardedRoutes(app: FastifyInstance, context: RouteContext): void {
  const address = context.routes.get('verify');
  if (address === undefined) return;
  ignoreBodies(app);
  // The documentation describes the address itself.
  const hidden = { schema: { hide: true } as object, handler: createHandler(context) };
  // A preflight is for the service behind the proxy; the origins that may call us are not its own.
  const preflight = { ...hidden, method: 'OPTIONS', config: { cors: false } as object };
  app.route({ ...preflight, url: address.url });
  if (address.url === '/') return;
  const below = `${address.url.replace(/\/$/, '')}/*`;
  for (const method of METHODS) {
    // Node.js does not hand a CONNECT to routes.
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
  const methods = app.supportedMethods.filter((method) => method !== 'OPTIONS');
  app.route({ ...hidden, method: methods, url: below, exposeHeadRoute: false });
  app.route({ ...preflight, url: below });
}

function createHandler(context: RouteContext) {
  return async (request: FastifyRequest, reply: FastifyReply) =>
    answerVerify(context, request, reply);
}

function answerVerify(
  { credentials, latchkey }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const method = findOriginalMethod(request);
  const user =
    credentials.find(request.raw, method) === undefined && isPreflight(request)
      ? undefined
      : latchkey.verify(credentials.require(request.raw, method).token);
  return reply.headers(createUserHeaders(user)).send();
}

/** Empty where there is no value: for a missing header Caddy would copy the name of its own variable. */
function createUserHeaders(user: AuthenticatedUser<object> | undefined): Record<string, string> {
  return {
    'x-auth-user': user?.sub ?? '',
    'x-auth-session': user?.sid ?? '',
    'x-auth-username': encodeURIComponent(user?.username ?? ''),
    'x-auth-roles': user?.roles?.join(',') ?? '',
    'x-auth-scope': user?.scope ?? '',
  };
}

/**
 * A browser asks by OPTIONS, without credentials, whether a page may send a request; the service behind answers
 * that. Only the method itself counts here. The attack: where the proxy does not replace a header
 * that names the method, a client sends one, and every route would be open.
 * @see https://fetch.spec.whatwg.org/#cors-preflight-request
 */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined &&
    listNamedMethods(headers).every((each) => each === 'OPTIONS')
  );
}

/**
 * The proxy asks by GET on behalf of a request that may have another method. The attack: judged by the proxy's
 * method, a cross-site POST with cookies would pass as a harmless GET. Methods are case-sensitive: `get` is not GET.
 */
function findOriginalMethod({ headers, method }: FastifyRequest): string {
  const named = listNamedMethods(headers);
  return [...named, method].find((each) => !isSafeMethod(each)) ?? named[0] ?? method;
}

function listNamedMethods(headers: FastifyRequest['headers']): string[] {
  return [headers['x-forwarded-method'], headers['x-original-method']]
    .filter((each) => each !== undefined)
    .map(String);
}

/** The body is for the service behind. A proxy announces its type and may or may not send it. */
function ignoreBodies(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
  scope.addHook('onRequest', (request, _reply, done) => {
    // Fastify refuses some types, and some methods without one, before it asks a parser.
    request.raw.headers['content-type'] = 'application/octet-stream';
    done();
  });
}
