// Several guards in one app: customers and staff sign in at two issuers, and one route takes both.
import { Hono } from 'hono';
import { combineGuards, type Guard } from 'latchkey/guard';
import { requireUser } from 'latchkey/guard/hono';

export function createApp(customers: Guard, staff: Guard): Hono {
  const app = new Hono();
  app.get('/orders', requireUser(customers), (c) => c.json({ of: c.var.user.sub }));
  app.get('/reports', requireUser(staff, { roles: ['analyst'] }, { as: 'staff' }), (c) =>
    c.json({ for: c.var.staff.sub }),
  );
  // A token is judged by the guard of its own issuer alone.
  const everybody = combineGuards(customers, staff);
  app.get('/help', requireUser(everybody), (c) => c.json({ issuer: c.var.user.iss }));
  return app;
}
