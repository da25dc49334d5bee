import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { AuthenticatedUser } from '../authenticated-user.ts';
import type { AccessRequirements, GuestRequirements } from '../authorize.ts';
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

/** Null stands for a guest: a guard stood before the route, and let it in. */
interface Carrier {
  [USER]?: AuthenticatedUser | null;
}

/** A Fastify hook: `preHandler` or `onRequest` of a route or a plugin. */
export type RequireUserHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * Makes a hook that lets a request pass only with a valid access token that meets the requirements; with
 * `optional: true` also without a token. Then `request.user` is undefined: read it with {@link findUser}, whose type
 * says so.
 */
export type RequireUser = (
  requirements?: AccessRequirements | GuestRequirements,
) => RequireUserHook;

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
      const pass = (user: AuthenticatedUser | undefined) => {
        (request as Carrier)[USER] = user ?? null;
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
  // A guest is undefined, on routes that asked for that alone.
  return user ?? (undefined as unknown as AuthenticatedUser);
}

/** The user of a request, or undefined for a guest and on a route without `app.requireUser()`. */
export function findUser(request: FastifyRequest): AuthenticatedUser | undefined {
  return (request as Carrier)[USER] ?? undefined;
}
