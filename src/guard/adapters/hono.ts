/** `latchkey/guard/hono`: the guard as Hono middleware, on each of Hono's runtimes that has `node:crypto`. */
import type { MiddlewareHandler } from 'hono';
import type { Guard } from '../guard.ts';
import type { AccessRequirements, GuestRequirements } from '../request/authorize.ts';
import { errorResponse } from '../respond/error-response.ts';
import type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';
import {
  type DecorationArguments,
  type DecorationOptions,
  readDecoration,
} from './decoration-options.ts';

export type * from '../index.ts';
export type { DecorationOptions } from './decoration-options.ts';

/** What the middleware adds to the context: `c.var.user`, or `c.var.staff` with the option `as: 'staff'`. */
export interface GuardEnv<Host extends object = CustomClaims, Name extends string = 'user'> {
  /** The user, under its name. */
  Variables: { [Key in Name]: AuthenticatedUser<Host> };
}

/** What the middleware adds to the context of a route that guests may use. */
export interface GuestEnv<Host extends object = CustomClaims, Name extends string = 'user'> {
  /** The user, under its name; undefined for a guest. */
  Variables: { [Key in Name]: AuthenticatedUser<Host> | undefined };
}

/**
 * Creates middleware for a route that guests may use. A request without a token passes too, and `c.var.user` is undefined. A
 * token that comes must be valid and meet the requirements.
 * @throws {InvalidOption} for an unknown requirement or option, an undefined value, or one of the wrong kind
 */
export function requireUser<Host extends object = CustomClaims, const Name extends string = 'user'>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements: GuestRequirements,
  options?: DecorationOptions<Name>,
): MiddlewareHandler<GuestEnv<Host, Name>>;
/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * It answers every other request itself, with a problem document.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (c) => c.text(`Hello, ${c.var.user.username}`));
 * ```
 * @throws {InvalidOption} for an unknown requirement or option, an undefined value, or one of the wrong kind
 */
export function requireUser<Host extends object = CustomClaims, const Name extends string = 'user'>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements?: AccessRequirements,
  options?: DecorationOptions<Name>,
): MiddlewareHandler<GuardEnv<Host, Name>>;
export function requireUser<Host extends object>(
  guard: Pick<Guard<Host>, 'require'>,
  ...given: DecorationArguments
): MiddlewareHandler {
  const { requirements, name } = readDecoration(given);
  const check = guard.require(...requirements);
  // Returns the promise of `next()`: an async function would create one more promise for each request.
  return (c, next) => {
    const pass = (user: AuthenticatedUser<Host> | undefined) => {
      c.set(name, user);
      return next();
    };
    let user: ReturnType<typeof check>;
    try {
      user = check(c.req.raw);
    } catch (error) {
      return refuse(error);
    }
    return user instanceof Promise ? user.then(pass, refuse) : pass(user);
  };
}

async function refuse(error: unknown): Promise<Response> {
  return errorResponse(error);
}
