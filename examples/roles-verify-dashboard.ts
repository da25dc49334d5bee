// Roles in the token, a route for one role, and one token revoked on its own; others verify by public key.
// Run roles-verify-dashboard-verifier beside it: a second process that accepts the same tokens. Try:
//   curl -d 'username=janedoe&password=password123' http://127.0.0.1:8000/auth/login
import Fastify from 'fastify';
import { latchkey, serve, TokenRefused } from 'latchkey/server';

await serve(async () => {
  const app = Fastify();
  await app.register(latchkey, {
    port: process.env['PORT'],
    accessTokenTtl: '30m',
    claims: (user) => ({ role: user.roles[0] ?? 'user' }),
    paths: { verify: false, register: false },
  });
  const { users, auth, verify } = app.latchkey;
  await users.ensure({ username: 'janedoe', password: 'password123' });
  await users.ensure({ username: 'johndoe', password: 'password456', roles: ['admin'] });

  app.get('/', () => ({ message: 'Welcome to the public route' }));

  app.get<{ Querystring: { token?: unknown } }>('/auth/verify', (request) => {
    try {
      return { user: verify(String(request.query.token ?? '')).username };
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      throw new TokenRefused(error.code, 'Invalid or expired token');
    }
  });

  app.get('/dashboard', { onRequest: app.requireUser() }, (request) => ({
    message: `Welcome ${request.user.username}! This is a protected route.`,
  }));

  app.get('/admin', { onRequest: app.requireUser({ roles: ['admin'] }) }, () => ({
    message: 'Only the role admin sees this.',
  }));

  app.post('/revoke', { onRequest: app.requireUser() }, async (request, reply) => {
    await auth.revokeToken(request.user);
    return reply.code(204).send();
  });
  return app;
});
