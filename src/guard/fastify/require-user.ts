import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { AuthenticatedUser } from '../authenticated-user.ts';
import type { AccessRequirements } from '../authorize.ts';
import type { Guard } from '../guard.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Makes a hook that protects a route: `{ onRequest: app.requireUser({ roles: ['admin'] }) }`. */
    requireUser: RequireUser;
  }
  interface FastifyRequest {
    /**
     * Who the request comes from. Only behind `app.requireUser()`: elsewhere it throws, because a
     * handler that forgot its guard must fail rather than run for nobody.
     */
    readonly user: AuthenticatedUser;
  }
}

const USER = Symbol('latchkey user');

interface Carrier {
  [USER]?: AuthenticatedUser;
}

/** A Fastify hook: `preHandler` or `onRequest` of a route or a plugin. */
export type RequireUserHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/** Makes a hook that lets a request pass only with a valid access token that meets the requirements. */
export type RequireUser = (requirements?: AccessRequirements) => RequireUserHook;

/** Answers a request that may not pass. What it cannot answer it throws. */
export type SendRefusal = (request: FastifyRequest, reply: FastifyReply, error: unknown) => void;

export function createRequireUser(
  guard: Pick<Guard, 'require'>,
  sendRefusal: SendRefusal,
): RequireUser {
  return (...requirements) => {
    const check = guard.require(...requirements);
    // Calls back instead of returning a promise: a promise for each request costs more than the check.
    return (request, reply, done) => {
      const pass = (user: AuthenticatedUser) => {
        (request as Carrier)[USER] = user;
        done();
      };
      const refuse = (error: unknown) => {
        try {
          sendRefusal(request, reply, error);
        } catch (thrown) {
          done(thrown instanceof Error ? thrown : new Error('refused', { cause: thrown }));
        }
      };
      let user: ReturnType<typeof check>;
      try {
        user = check(request.raw);
      } catch (error) {
        refuse(error);
        return;
      }
      if (user instanceof Promise) user.then(pass, refuse);
      else pass(user);
    };
  };
}

/**
 * What `request.user` answers. It throws rather than being undefined: a handler that forgot its guard
 * must fail, not run for nobody.
 */
export function getUser(this: FastifyRequest): AuthenticatedUser {
  const user = (this as Carrier)[USER];
  if (user === undefined) {
    throw new Error('request.user was read on a route without app.requireUser().');
  }
  return user;
}
