import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import express, { type Express, type RequestHandler } from 'express';
import { requireUser } from 'latchkey/guard/express';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Keys } from '../../lib/data/keys.ts';
import { createLocalGuard } from './latchkey.ts';
import type { FrameworkStarted, Protection } from './protection.ts';

const handler: RequestHandler = (_request, response) => {
  response.json({ message: 'You are accessing a protected route.' });
};

export async function startExpress(protection: Protection): Promise<FrameworkStarted> {
  const app = express();
  addRoute(app, protection);
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { port: address.port };
}

function addRoute(app: Express, protection: Protection): void {
  switch (protection.by) {
    case 'nothing':
      app.get('/protected', handler);
      return;
    case 'passing':
      app.get('/protected', (_request, _response, next) => next(), handler);
      return;
    case 'reading': {
      const read: RequestHandler = (request, _response, next) => {
        if (request.headers.authorization === undefined) throw new Error('No header came.');
        next();
      };
      app.get('/protected', read, handler);
      return;
    }
    case 'latchkey':
      app.get(
        '/protected',
        requireUser(createLocalGuard(protection.keys, protection.issuer)),
        handler,
      );
      return;
    case 'peer':
      app.get('/protected', createPassport(protection.keys), handler);
      return;
    case 'better-auth':
      throw new Error('It is measured in Hono.');
  }
}

/** As its documentation shows it, without the look-up of a user, which would need a database. */
function createPassport({ algorithm, public: key }: Keys): RequestHandler {
  passport.use(
    new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // Given as text, the key would be parsed again for each request.
        secretOrKey: algorithm === 'HS256' ? key : createPublicKey(key),
        algorithms: [algorithm],
      },
      (claims, done) => done(null, claims),
    ),
  );
  return passport.authenticate('jwt', { session: false });
}
