import { toJwks } from '../../../jwt/keys/jwk.ts';
import { defineFeature } from '../../http/routes/feature.ts';
import { jwksSchema, metadataSchema } from './schema.ts';

const JWKS_MAX_AGE_SECONDS = 300;

/** What other programs need to verify our tokens. @see RFC 7517 section 5, RFC 8414 section 3 */
export const discovery = defineFeature({
  routes: {
    jwks: 'GET /.well-known/jwks.json',
    metadata: 'GET /.well-known/oauth-authorization-server',
  },
  metadata: (toUrl) => ({ jwks_uri: toUrl('jwks') }),
  mount(_app, { latchkey, metadata }, addRoute) {
    // A program that fetched the keys just before a new one was published fetches them again well before it signs.
    const { prepublishSeconds } = latchkey.settings.keyRotation;
    const maxAge = Math.min(JWKS_MAX_AGE_SECONDS, Math.floor(prepublishSeconds / 2));
    const cacheControl = `public, max-age=${maxAge}`;

    addRoute('jwks', {
      schema: jwksSchema,
      refusesTokenInAddress: false,
      handler: async (_request, reply) => {
        reply.header('cache-control', cacheControl).type('application/jwk-set+json');
        return JSON.stringify(toJwks(latchkey.auth.keys.verification));
      },
    });

    addRoute('metadata', {
      schema: metadataSchema,
      refusesTokenInAddress: false,
      handler: async (_request, reply) => {
        reply.header('cache-control', cacheControl);
        return metadata;
      },
    });
  },
});
