// A Fastify API that verifies the tokens of a Latchkey elsewhere: three lines protect a route.
// Start a Latchkey with `npm start`, and this beside it with PORT=8001.
import Fastify from 'fastify';
import { latchkeyGuard } from 'latchkey/guard/fastify';

const { PORT, ISSUER = 'http://127.0.0.1:8000' } = process.env;

const app = Fastify();
await app.register(latchkeyGuard, { issuer: ISSUER });
app.get('/', () => ({ message: 'Everybody may read this.' }));
app.get('/hello', { onRequest: app.requireUser() }, (request) => ({
  message: `Hello, ${request.user.username}.`,
}));
app.get('/admin', { onRequest: app.requireUser({ roles: ['admin'] }) }, () => ({
  message: 'Hello, admin.',
}));

const address = await app.listen({ host: '127.0.0.1', port: Number(PORT ?? 8001) });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
console.log(
  `Listening on ${address}. Try: curl -H "Authorization: Bearer <token>" ${address}/hello`,
);
