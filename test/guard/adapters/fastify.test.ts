import assert from 'node:assert/strict';
import Fastify from 'fastify';
import { findUser, latchkeyGuard } from 'latchkey/guard/fastify';
import { testAdapter } from './suite.ts';

testAdapter('Fastify', async (guard, ran) => {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(latchkeyGuard, { guard });
  app.all('/user', { onRequest: app.requireUser() }, ({ user }) => {
    ran();
    return { sub: user.sub, tenant: user.tenant, frozen: Object.isFrozen(user) };
  });
  const rules = {
    '/admin': app.requireUser({ roles: ['admin'] }),
    '/scoped': app.requireUser({ scopes: ['read', 'write'] }),
    '/recent': app.requireUser({ maxAuthAge: 60 }),
  };
  for (const [path, onRequest] of Object.entries(rules)) {
    app.get(path, { onRequest }, () => {
      ran();
      return {};
    });
  }
  app.all('/guests', { onRequest: app.requireUser({ optional: true }) }, (request) => {
    ran();
    const user = findUser(request);
    assert.equal(request.user, user);
    return { sub: user?.sub ?? null };
  });
  const onRequest = app.requireUser({ optional: true, roles: ['admin'] });
  app.get('/guests-admin', { onRequest }, (request) => ({ sub: findUser(request)?.sub ?? null }));
  app.get('/broken', { onRequest: app.requireUser() }, () => {
    throw new Error('of the host');
  });
  app.get('/open', () => ({}));
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, close: () => app.close() };
});
