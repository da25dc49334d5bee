// Handlers of the web's own form, from a Request to a Response: Next.js routes, Bun, Deno, Node.
// Start a Latchkey with `npm start`, and this beside it with PORT=8001. Bun and Deno serve `{ fetch }`
// by themselves; on Node @hono/node-server does.
import { serve } from '@hono/node-server';
import { createGuard } from 'latchkey/guard';

const { PORT, ISSUER = 'http://127.0.0.1:8000' } = process.env;

const guard = createGuard({ issuer: ISSUER });
const hello = guard.protect((_request, user) =>
  Response.json({ message: `Hello, ${user.username}.` }),
);
const admin = guard.protect(() => Response.json({ message: 'Hello, admin.' }), {
  roles: ['admin'],
});

function answer(request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/hello') return hello(request);
  if (pathname === '/admin') return admin(request);
  return Response.json({ message: 'Everybody may read this.' });
}

const options = { fetch: answer, hostname: '127.0.0.1', port: Number(PORT ?? 8001) };
const server = serve(options, ({ port }) => {
  const address = `http://127.0.0.1:${port}`;
  console.log(
    `Listening on ${address}. Try: curl -H "Authorization: Bearer <token>" ${address}/hello`,
  );
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
