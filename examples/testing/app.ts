// The app that the examples of this folder test. It is handed its guard, and that is all it takes.
import { Hono } from 'hono';
import type { Guard } from 'latchkey/guard';
import { requireUser } from 'latchkey/guard/hono';

export function createApp(guard: Guard): Hono {
  const app = new Hono();
  app.get('/orders', requireUser(guard), (c) => c.json({ of: c.var.user.sub }));
  app.post('/orders', requireUser(guard), (c) => c.json({ of: c.var.user.sub }, 201));
  app.get('/reports', requireUser(guard, { roles: ['admin'] }), (c) => c.json([]));
  app.delete('/account', requireUser(guard, { maxAuthAge: 300 }), (c) => c.body(null, 204));
  return app;
}
