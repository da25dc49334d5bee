import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { listen } from './listen.ts';
import { testAdapter } from './suite.ts';

/** What Next.js, Bun and Deno call: a function from a Request to a Response. */
testAdapter('the web-standard form', async (guard, ran) => {
  const empty = () => {
    ran();
    return Response.json({});
  };
  const routes: Record<string, (request: Request) => Response | Promise<Response>> = {
    '/user': guard.protect((_request, user) => {
      ran();
      return Response.json({
        sub: user.sub,
        tenant: user.tenant,
        frozen: Object.isFrozen(user),
      });
    }),
    '/admin': guard.protect(empty, { roles: ['admin'] }),
    '/scoped': guard.protect(empty, { scopes: ['read', 'write'] }),
    '/recent': guard.protect(empty, { maxAuthAge: 60 }),
    '/guests': guard.protect(
      (_request, user) => {
        ran();
        return Response.json({ sub: user?.sub ?? null });
      },
      { optional: true },
    ),
    '/guests-admin': guard.protect((_request, user) => Response.json({ sub: user?.sub ?? null }), {
      optional: true,
      roles: ['admin'],
    }),
    '/broken': guard.protect(() => {
      throw new Error('of the host');
    }),
    '/open': () => Response.json({}),
  };
  const answer = async (request: Request) => {
    try {
      const route = routes[new URL(request.url).pathname];
      return (await route?.(request)) ?? new Response('', { status: 404 });
    } catch {
      return new Response('broken', { status: 500 });
    }
  };
  return listen(createServer(getRequestListener(answer)));
});
