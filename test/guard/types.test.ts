// Compiled by `npm run check`: every line below a @ts-expect-error must be wrong, and all else right.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import express, { type RequestHandler } from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type AuthenticatedUser, createGuard } from 'latchkey/guard';
import {
  type Guard as ExpressGuard,
  getUser,
  requireUser as requireExpressUser,
} from 'latchkey/guard/express';
import {
  type Guard as FastifyGuard,
  findUser,
  type GuardPluginOptions,
  latchkeyGuard,
} from 'latchkey/guard/fastify';
import { type Guard as HonoGuard, requireUser as requireHonoUser } from 'latchkey/guard/hono';
import type { RequireUser, AuthenticatedUser as ServerUser } from 'latchkey/server';
import { createTestIssuer } from 'latchkey/testing';
// The app's own claims: `tenant`, a string. Declared once, for the guard.
import './custom-claims.ts';

declare global {
  namespace Express {
    // As `@types/passport` 1.0.17 declares them.
    interface AuthInfo {}
    interface User {}
    interface Request {
      authInfo?: AuthInfo | undefined;
      user?: User | undefined;
    }
  }
}

const middleware: RequestHandler = (_request, _response, next) => next();

interface OwnClaims {
  readonly plan: { readonly seats: number };
}

test('users have types in every framework, with the claims of the host', async () => {
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
    // @ts-expect-error not declared
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
    const user = c.get('user');
    return c.json({ user });
  });

  const app = express();
  app.get('/', requireExpressUser(guard), (request, response) => {
    // @ts-expect-error a string
    const wrong: number = request.user.tenant;
    const tenant: string = request.user.tenant;
    response.json([checkUser(request.user), wrong, tenant]);
  });
  app.get('/after', middleware, requireExpressUser(guard), (request) => checkUser(request.user));
  app.get('/items/:id', requireExpressUser(guard), (request) => {
    const id: string = request.params.id;
    // @ts-expect-error no such parameter
    const other: string = request.params.other;
    return [checkUser(request.user), id, other];
  });
  app.get('/open', (request) => {
    // @ts-expect-error no guard stands before this route
    checkUser(request.user);
    return request.user?.sub;
  });
  app.get('/guests', requireExpressUser(guard, { optional: true }), (request) => {
    // @ts-expect-error a guest is undefined
    checkUser(request.user);
    return checkUser(getUser(request));
  });
  // Plain middleware is not a guard.
  app.get('/plain', middleware, (request) => {
    // @ts-expect-error may be undefined
    checkUser(request.user);
  });
  // @ts-expect-error a list
  const unguarded = () => requireExpressUser(guard, { roles: 'admin' });

  const handler = guard.protect((_request, user) => Response.json(checkUser(user)));
  const own = typed.protect((_request, user, context: { id: string }) => {
    return Response.json([checkOwn(user), context.id]);
  });
  // @ts-expect-error the context is missing
  const incomplete = () => own(new Request('https://api.example'));
  class NextRequest extends Request {
    readonly nextUrl = new URL('https://api.example');
  }
  const next = guard.protect((request: NextRequest, user, context: { id: string }) => {
    return Response.json([request.nextUrl.href, checkUser(user), context.id]);
  });
  // @ts-expect-error another kind of request
  const wrongRequest = () => next(new Request('https://api.example'), { id: '1' });
  const nextAnswer = () => next(new NextRequest('https://api.example'), { id: '1' });
  const guests = guard.protect(
    (request: NextRequest, user) => {
      // @ts-expect-error a guest is undefined
      checkUser(user);
      return Response.json([request.nextUrl.href, user?.sub]);
    },
    { optional: true },
  );
  const checkGuest = guard.require({ optional: true });
  const useGuest = async (request: Request) => {
    const user = await checkGuest(request);
    // @ts-expect-error a guest is undefined
    checkUser(user);
    return user?.sub;
  };
  hono.get('/guests', requireHonoUser(guard, { optional: true }), (c) => {
    // @ts-expect-error a guest is undefined
    checkUser(c.var.user);
    return c.text(c.var.user?.sub ?? 'guest');
  });
  fastify.get('/guests', { onRequest: fastify.requireUser({ optional: true }) }, (request) => {
    // @ts-expect-error a guest is undefined
    checkUser(findUser(request));
    return findUser(request)?.sub;
  });
  const check = typed.require({ scopes: ['read'] });
  const use = async (request: Request) => checkOwn(await check(request));
  // @ts-expect-error neither an issuer nor keys
  const nothing = () => createGuard({});

  assert.ok(
    [
      next,
      wrongRequest,
      nextAnswer,
      guests,
      useGuest,
      handler,
      own,
      use,
      checkServer,
      unregistered,
      unguarded,
      incomplete,
      nothing,
    ].every(Boolean),
  );
  await fastify.close();
});

test('every adapter exports the types that its signatures mention', () => {
  const guard = createTestIssuer().guard satisfies ExpressGuard satisfies HonoGuard;
  const options: GuardPluginOptions & { guard: FastifyGuard } = { guard };
  assert.equal(options.guard, guard);
});
