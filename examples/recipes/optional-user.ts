// Optional authentication: a page for guests that greets people who are signed in.
import { Hono } from 'hono';
import type { Guard } from 'latchkey/guard';
import { requireUser } from 'latchkey/guard/hono';

export function createApp(guard: Guard): Hono {
  const app = new Hono();
  app.get('/', requireUser(guard, { optional: true }), (c) => {
    // No token: no user. A token that is expired or revoked is still answered 401, so the client refreshes it.
    const { user } = c.var;
    return c.json({ message: user === undefined ? 'Hello, guest.' : `Hello, ${user.username}.` });
  });
  return app;
}
