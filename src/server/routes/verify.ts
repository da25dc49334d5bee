import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSafeMethod } from '../../guard/same-origin.ts';
import { addRoute, type RouteContext } from '../route-context.ts';
import { verifySchema } from '../schemas/programs.ts';

/**
 * Forward authentication: a proxy asks before it lets a request through, and hands the `X-Auth-*`
 * headers on. The proxy must remove such headers from what comes from outside.
 */
export function addVerifyRoute(app: FastifyInstance, context: RouteContext): void {
  const { credentials, latchkey } = context;
  addRoute(app, context, 'verify', {
    schema: verifySchema,
    handler: async (request, reply) => {
      const { token } = credentials.require(request.raw, findOriginalMethod(request));
      const user = latchkey.verify(token);
      return reply
        .headers({
          'x-auth-user': user.sub,
          'x-auth-session': user.sid,
          // Empty where there is none: Caddy would copy the name of its own variable for one that is missing.
          'x-auth-username': encodeURIComponent(user.username ?? ''),
          'x-auth-roles': user.roles?.join(',') ?? '',
          'x-auth-scope': user.scope ?? '',
        })
        .send();
    },
  });
}

/**
 * The proxy asks by GET on behalf of a request that may not be one. Were its method not looked at, a
 * cross-site POST with cookies would pass as a harmless GET. Methods are case-sensitive: `get` is not GET.
 */
function findOriginalMethod({ headers, method }: FastifyRequest): string {
  const named = [headers['x-forwarded-method'], headers['x-original-method']]
    .filter((each) => each !== undefined)
    .map(String);
  return named.find((each) => !isSafeMethod(each)) ?? named[0] ?? method;
}
