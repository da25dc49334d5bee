import { createPublicKey, createSecretKey, type webcrypto } from 'node:crypto';
import { serve } from '@hono/node-server';
import { type Handler, Hono, type MiddlewareHandler } from 'hono';
import { jwt } from 'hono/jwt';
import { requireUser } from 'latchkey/guard/hono';
import type { Keys } from '../../lib/data/keys.ts';
import { createLocalGuard } from './latchkey.ts';
import type { FrameworkStarted, Protection } from './protection.ts';

const handler: Handler = (c) => c.json({ message: 'You are accessing a protected route.' });

export async function startHono(protection: Protection): Promise<FrameworkStarted> {
  const app = new Hono();
  const started = await addRoute(app, protection);
  const port = await new Promise<number>((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
  return { ...started, port };
}

async function addRoute(
  app: Hono,
  protection: Protection,
): Promise<Pick<FrameworkStarted, 'cookies'>> {
  switch (protection.by) {
    case 'nothing':
      app.get('/protected', handler);
      return {};
    case 'passing':
      app.get('/protected', (_c, next) => next(), handler);
      return {};
    case 'reading': {
      const read: MiddlewareHandler = (c, next) => {
        if (c.req.raw.headers.get('authorization') === null) throw new Error('No header came.');
        return next();
      };
      app.get('/protected', read, handler);
      return {};
    }
    case 'latchkey':
      app.get(
        '/protected',
        requireUser(createLocalGuard(protection.keys, protection.issuer)),
        handler,
      );
      return {};
    case 'peer': {
      const { keys } = protection;
      app.get(
        '/protected',
        jwt({
          secret: importOnce(keys),
          alg: keys.algorithm,
          // The type of access tokens (RFC 9068). Its default accepts `JWT` alone.
          verification: { typ: 'at+jwt' },
        }),
        handler,
      );
      return {};
    }
    case 'better-auth': {
      const { addBetterAuth } = await import('./better-auth.ts');
      return addBetterAuth(app, handler, protection);
    }
  }
}

/** Given as text, hono/jwt would import the key again for each request. */
function importOnce({ algorithm, public: key }: Keys): webcrypto.CryptoKey {
  switch (algorithm) {
    case 'HS256':
      return createSecretKey(key, 'utf8').toCryptoKey({ name: 'HMAC', hash: 'SHA-256' }, false, [
        'verify',
      ]);
    case 'ES256':
      return createPublicKey(key).toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
        'verify',
      ]);
    case 'RS256':
      return createPublicKey(key).toCryptoKey(
        { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
        false,
        ['verify'],
      );
    case 'EdDSA':
      return createPublicKey(key).toCryptoKey('Ed25519', false, ['verify']);
  }
}
