// Seeded users sign in, call a protected route and refresh, with HS256 and a secret of your own.
// Only who is seeded can sign in: nobody can register here.
import { randomBytes } from 'node:crypto';
import Fastify from 'fastify';
import { latchkey } from 'latchkey/server';

const { PORT, JWT_SECRET } = process.env;
if (JWT_SECRET === undefined) console.log('JWT_SECRET is not set: signing with a random one.');

const app = Fastify();
await app.register(latchkey, {
  port: PORT,
  algorithm: 'HS256',
  signingKey: JWT_SECRET ?? randomBytes(32).toString('base64url'),
  accessTokenTtl: '5m',
  refreshTokenTtl: '24h',
  paths: { login: '/login', refresh: '/token/refresh', register: false },
});
await app.latchkey.users.ensure({ username: 'johndoe', password: 'password123' });
await app.latchkey.users.ensure({ username: 'janedoe', password: 'password456' });

app.get('/', () => ({ message: 'Hello, World!' }));
app.get('/protected', { onRequest: app.requireUser() }, () => ({
  message: 'You are accessing a protected route.',
}));

const { host, port } = app.latchkey.settings;
const address = await app.listen({ host, port });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
console.log(
  `Listening on ${address}. Try: curl -d "username=johndoe&password=password123" ${address}/login`,
);
