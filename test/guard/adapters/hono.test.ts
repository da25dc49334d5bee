import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { requireUser } from 'latchkey/guard/hono';
import { listen } from './listen.ts';
import { testAdapter } from './suite.ts';

testAdapter('Hono', async (guard, ran) => {
  const app = new Hono();
  app.all('/user', requireUser(guard), (c) => {
    ran();
    const { user } = c.var;
    return c.json({ sub: user.sub, tenant: user.tenant, frozen: Object.isFrozen(user) });
  });
  const rules = {
    '/admin': requireUser(guard, { roles: ['admin'] }),
    '/scoped': requireUser(guard, { scopes: ['read', 'write'] }),
    '/recent': requireUser(guard, { maxAuthAge: 60 }),
  };
  for (const [path, middleware] of Object.entries(rules)) {
    app.get(path, middleware, (c) => {
      ran();
      return c.json({});
    });
  }
  app.all('/guests', requireUser(guard, { optional: true }), (c) => {
    ran();
    return c.json({ sub: c.var.user?.sub ?? null });
  });
  const adminOrGuest = requireUser(guard, { optional: true, roles: ['admin'] });
  app.get('/guests-admin', adminOrGuest, (c) => c.json({ sub: c.var.user?.sub ?? null }));
  app.get('/broken', requireUser(guard), () => {
    throw new Error('of the host');
  });
  app.onError((_error, c) => c.text('broken', 500));
  app.get('/open', (c) => c.json({}));
  return listen(createServer(getRequestListener(app.fetch)));
});
