// Roles in the token, a route for one role, and one token revoked at once; others verify by public key.
// Run roles-verify-dashboard-verifier beside it: a second process that accepts the same tokens.
import Fastify from 'fastify';
import { latchkey } from 'latchkey/server';

const app = Fastify();
await app.register(latchkey, {
  port: process.env['PORT'],
  claims: (user) => ({ role: user.roles[0] ?? 'user' }),
  paths: { verify: false, register: false },
});
const { users, auth, verify, settings } = app.latchkey;
await users.ensure({ username: 'johndoe', password: 'password123', roles: ['admin'] });
await users.ensure({ username: 'janedoe', password: 'password456' });

app.get('/', () => ({ message: 'Welcome! Sign in at /auth/login.' }));

app.get<{ Querystring: { token?: unknown } }>('/auth/verify', (request) => ({
  user: verify(String(request.query.token ?? '')),
}));

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

const address = await app.listen({ host: settings.host, port: settings.port });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
console.log(
  `Listening on ${address}. Try: curl -d "username=janedoe&password=password456" ${address}/auth/login`,
);
