// The smallest: a token by form and a protected route, without the pitfalls.
// - The secret comes from the environment. A short or well-known one is refused at start: try
//   JWT_SECRET=secret.
// - The algorithm is pinned: a token's header chooses nothing, and "alg": "none" gets 401.
// - A missing, malformed, forged or expired token: each gets a 401 that says which it is.
// Try: curl -d 'username=alice&password=wonderland' http://127.0.0.1:8000/token
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
    paths: { login: '/token', token: false, register: false },
    answers: { login: ['access_token', 'token_type'] },
  });
  await app.latchkey.users.ensure({ username: 'alice', password: 'wonderland' });

  app.get('/protected', { onRequest: app.requireUser() }, (request) => ({
    message: `Hello, ${request.user.username}. You are authenticated.`,
  }));
  return app;
});
