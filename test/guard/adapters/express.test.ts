import { createServer } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { requireUser } from 'latchkey/guard/express';
import { listen } from './listen.ts';
import { testAdapter } from './suite.ts';

testAdapter('Express', async (guard, ran) => {
  const app = express();
  app.all('/user', requireUser(guard), ({ user }, response) => {
    ran();
    response.json({ sub: user.sub, tenant: user.tenant, frozen: Object.isFrozen(user) });
  });
  const rules = {
    '/admin': requireUser(guard, { roles: ['admin'] }),
    '/scoped': requireUser(guard, { scopes: ['read', 'write'] }),
    '/recent': requireUser(guard, { maxAuthAge: 60 }),
  };
  for (const [path, middleware] of Object.entries(rules)) {
    app.get(path, middleware, (_request, response) => {
      ran();
      response.json({});
    });
  }
  app.all('/guests', requireUser(guard, { optional: true }), ({ user }, response) => {
    ran();
    response.json({ sub: user?.sub ?? null });
  });
  const adminOrGuest = requireUser(guard, { optional: true, roles: ['admin'] });
  app.get('/guests-admin', adminOrGuest, ({ user }, response) => {
    response.json({ sub: user?.sub ?? null });
  });
  app.get('/broken', requireUser(guard), () => {
    throw new Error('of the host');
  });
  app.get('/open', (_request, response) => {
    response.json({});
  });
  app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).send('broken');
  });
  return listen(createServer(app));
});
