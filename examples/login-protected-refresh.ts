// Seeded users sign in, call a protected route and refresh, with HS256 and a secret of your own.
// JWT_SECRET is the secret: openssl rand -base64 48. There is no registration. Try:
//   curl -d 'username=johndoe&password=password123' http://127.0.0.1:8000/login
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { latchkey, serve } from 'latchkey/server';

const { PORT, JWT_SECRET } = process.env;
if (JWT_SECRET === undefined) console.log('JWT_SECRET is not set: signing with a random one.');

await serve(async () => {
  const app = Fastify();
  await app.register(latchkey, {
    port: PORT,
    algorithm: 'HS256',
    signingKey: JWT_SECRET ?? randomBytes(32).toString('base64url'),
    accessTokenTtl: '5m',
    refreshTokenTtl: '24h',
    paths: { login: '/login', refresh: '/token/refresh', register: false },
    answers: {
      login: ['access_token', 'refresh_token', 'token_type'],
      refresh: ['access_token', 'refresh_token', 'token_type'],
    },
  });
  await app.latchkey.users.ensure({ username: 'johndoe', password: 'password123' });
  await app.latchkey.users.ensure({ username: 'janedoe', password: 'password456' });

  app.get('/', () => ({ message: 'Hello, World!' }));
  app.get('/protected', { onRequest: app.requireUser() }, () => ({
    message: 'You are accessing a protected route.',
  }));
  return app;
});
