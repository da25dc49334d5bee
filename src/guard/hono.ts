/** `latchkey/guard/hono`: the guard as Hono middleware, on every runtime of Hono's that has `node:crypto`. */
import type { MiddlewareHandler } from 'hono';
import type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
import type { AccessRequirements, GuestRequirements, RequirementArguments } from './authorize.ts';
import { errorResponse } from './error-response.ts';
import type { Guard } from './guard.ts';

export type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
export type { AccessRequirements, GuestRequirements } from './authorize.ts';

/** What the middleware puts into the context: `c.var.user`. */
export interface GuardEnv<Host extends object = CustomClaims> {
  Variables: { user: AuthenticatedUser<Host> };
}

/** The same on a route that guests may use. */
export interface GuestEnv<Host extends object = CustomClaims> {
  Variables: { user: AuthenticatedUser<Host> | undefined };
}

/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * It answers every other request itself, with a problem document. With `optional: true` a request without a token
 * passes too, and `c.var.user` is undefined.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (c) => c.text(`Hello, ${c.var.user.username}`));
 * ```
 */
export function requireUser<Host extends object = CustomClaims>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements: GuestRequirements,
): MiddlewareHandler<GuestEnv<Host>>;
export function requireUser<Host extends object = CustomClaims>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements?: AccessRequirements,
): MiddlewareHandler<GuardEnv<Host>>;
export function requireUser<Host extends object>(
  guard: Pick<Guard<Host>, 'require'>,
  ...requirements: RequirementArguments
): MiddlewareHandler {
  const check = guard.require(...requirements);
  // Hands on the promise of what comes next: an async function would add one of its own to each request.
  return (c, next) => {
    const pass = (user: AuthenticatedUser<Host> | undefined) => {
      c.set('user', user);
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
