import type { FastifyInstance } from 'fastify';
import { toJwks } from '../../../jwt/keys/jwk.ts';
import { addRoute, type RouteContext } from '../../route-context.ts';
import type { RouteName } from '../../routes-table.ts';
import { jwksSchema, metadataSchema } from '../machine-endpoints/schemas.ts';

/** Seconds others may keep the keys at most. */
const JWKS_MAX_AGE = 300;

/** What other programs need to verify our tokens. @see RFC 7517 section 5, RFC 8414 section 3 */
export function addWellKnownRoutes(app: FastifyInstance, context: RouteContext): void {
  const { latchkey, routes, prefix } = context;
  // Who asked just before a new key was published has asked again long before it signs.
  const { prepublishSeconds } = latchkey.settings.keyRotation;
  const cacheControl = `public, max-age=${Math.min(JWKS_MAX_AGE, Math.floor(prepublishSeconds / 2))}`;

  addRoute(app, context, 'jwks', {
    schema: jwksSchema,
    handler: async (_request, reply) => {
      reply.header('cache-control', cacheControl).type('application/jwk-set+json');
      return JSON.stringify(toJwks(latchkey.auth.keys.verification));
    },
  });

  const { issuer } = latchkey.settings;
  const toUrl = (name: RouteName) => {
    const url = routes.get(name)?.url;
    return url === undefined ? undefined : issuer + prefix + url;
  };
  const metadata = {
    issuer,
    token_endpoint: toUrl('token'),
    jwks_uri: toUrl('jwks'),
    introspection_endpoint: toUrl('introspect'),
    introspection_endpoint_auth_methods_supported: routes.has('introspect')
      ? ['client_secret_basic', 'Bearer']
      : undefined,
    revocation_endpoint: toUrl('revoke'),
    revocation_endpoint_auth_methods_supported: routes.has('revoke') ? ['none'] : undefined,
    // Ours: where guards hear of revocations.
    revocation_feed_endpoint: toUrl('revocations'),
    response_types_supported: [],
    grant_types_supported: ['password', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  };
  addRoute(app, context, 'metadata', {
    schema: metadataSchema,
    handler: async (_request, reply) => {
      reply.header('cache-control', cacheControl);
      return metadata;
    },
  });
}
