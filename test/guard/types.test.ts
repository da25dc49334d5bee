// Compiled by `npm run check`: every line below a @ts-expect-error must be wrong, and all else right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type AuthenticatedUser, createGuard } from 'latchkey/guard';
import { requireUser as requireExpressUser } from 'latchkey/guard/express';
import { latchkeyGuard } from 'latchkey/guard/fastify';
import { requireUser as requireHonoUser } from 'latchkey/guard/hono';
import type { RequireUser, AuthenticatedUser as ServerUser } from 'latchkey/server';
import { createTestIssuer } from 'latchkey/testing';
// The app's own claims: `tenant`, a string. Declared once, for the guard.
import './custom-claims.ts';

interface OwnClaims {
  readonly plan: { readonly seats: number };
}

test('users are typed in every framework, the own claims of the host included', async () => {
  const { guard } = createTestIssuer();
  const typed = createTestIssuer<OwnClaims>().guard;

  const checkUser = (user: AuthenticatedUser) => {
    const right: [string, string, readonly string[] | undefined, string | undefined, number] = [
      user.tenant,
      user.sub,
      user.roles,
      user.username,
      user.auth_time,
    ];
    // @ts-expect-error a string
    const number: number = user.tenant;
    // @ts-expect-error may be absent
    const name: string = user.username;
    // @ts-expect-error frozen
    user.tenant = 'other';
    // @ts-expect-error frozen
    user.roles?.push('admin');
    // @ts-expect-error nobody declared it
    const unknown: string = user['other'];
    return [right, number, name, unknown];
  };
  const checkOwn = (user: AuthenticatedUser<OwnClaims>) => {
    const seats: number = user.plan.seats;
    // @ts-expect-error a number
    const text: string = user.plan.seats;
    // @ts-expect-error frozen
    user.plan = { seats: 2 };
    return [seats, text, user.sub];
  };

  const fastify = Fastify();
  await fastify.register(latchkeyGuard, { guard });
  fastify.get('/', { onRequest: fastify.requireUser({ roles: ['admin'] }) }, (request) => {
    // @ts-expect-error set by the guard alone
    request.user = { sub: 'root' };
    // @ts-expect-error a string
    const wrong: number = request.user.tenant;
    const tenant: string = request.user.tenant;
    return [checkUser(request.user), wrong, tenant];
  });
  // @ts-expect-error no such requirement
  assert.throws(() => fastify.requireUser({ role: 'admin' }), TypeError);
  // @ts-expect-error neither an issuer nor keys nor a guard
  const unregistered = () => fastify.register(latchkeyGuard, {});

  // The server's plugin types its users by the same declaration.
  const checkServer = (user: ServerUser, requireUser: RequireUser) => {
    // @ts-expect-error a string
    const number: number = user.tenant;
    return [checkUser(user), number, requireUser({ roles: ['admin'] })];
  };

  const hono = new Hono();
  hono.get('/', requireHonoUser(guard), (c) => {
    // @ts-expect-error a string
    const wrong: number = c.get('user').tenant;
    const tenant: string = c.var.user.tenant;
    return c.json([checkUser(c.var.user), wrong, tenant]);
  });
  hono.get('/own', requireHonoUser(typed), (c) => c.json(checkOwn(c.get('user'))));
  hono.get('/open', (c) => {
    // @ts-expect-error no guard stands before this route
    const nobody = c.get('user');
    return c.json({ nobody });
  });

  const app = express();
  app.get('/', requireExpressUser(guard), (request, response) => {
    // @ts-expect-error a string
    const wrong: number = request.user.tenant;
    const tenant: string = request.user.tenant;
    response.json([checkUser(request.user), wrong, tenant]);
  });
  // @ts-expect-error a list
  const unguarded = () => requireExpressUser(guard, { roles: 'admin' });

  const handler = guard.protect((_request, user) => Response.json(checkUser(user)));
  const own = typed.protect((_request, user, context: { id: string }) => {
    return Response.json([checkOwn(user), context.id]);
  });
  // @ts-expect-error the context is missing
  const incomplete = () => own(new Request('https://api.example'));
  const check = typed.require({ scopes: ['read'] });
  const use = async (request: Request) => checkOwn(await check(request));
  // @ts-expect-error neither an issuer nor keys
  const nothing = () => createGuard({});

  assert.ok(
    [handler, own, use, checkServer, unregistered, unguarded, incomplete, nothing].every(Boolean),
  );
  await fastify.close();
});
