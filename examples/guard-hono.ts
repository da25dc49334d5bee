// A Hono API that verifies the tokens of a Latchkey elsewhere: three lines protect a route.
// Start a Latchkey with `npm start`, and this beside it with PORT=8001.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createGuard } from 'latchkey/guard';
import { requireUser } from 'latchkey/guard/hono';

const { PORT, ISSUER = 'http://127.0.0.1:8000' } = process.env;

const guard = createGuard({ issuer: ISSUER });
const app = new Hono();
app.get('/', (c) => c.json({ message: 'Everybody may read this.' }));
app.get('/hello', requireUser(guard), (c) => c.json({ message: `Hello, ${c.var.user.username}.` }));
app.get('/admin', requireUser(guard, { roles: ['admin'] }), (c) =>
  c.json({ message: 'Hello, admin.' }),
);

const options = { fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT ?? 8001) };
const server = serve(options, ({ port }) => {
  const address = `http://127.0.0.1:${port}`;
  console.log(
    `Listening on ${address}. Try: curl -H "Authorization: Bearer <token>" ${address}/hello`,
  );
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
