/** `latchkey/guard/hono`: the guard as Hono middleware, on every runtime of Hono's that has `node:crypto`. */
import type { MiddlewareHandler } from 'hono';
import type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
import type { AccessRequirements } from './authorize.ts';
import { errorResponse } from './error-response.ts';
import type { Guard } from './guard.ts';

export type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
export type { AccessRequirements } from './authorize.ts';

/** What the middleware puts into the context: `c.var.user`. */
export interface GuardEnv<Host extends object = CustomClaims> {
  Variables: { user: AuthenticatedUser<Host> };
}

/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * Who may not is answered here, with a problem document.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (c) => c.text(`Hello, ${c.var.user.username}`));
 * ```
 */
export function requireUser<Host extends object = CustomClaims>(
  guard: Pick<Guard<Host>, 'require'>,
  ...requirements: [requirements?: AccessRequirements]
): MiddlewareHandler<GuardEnv<Host>> {
  const check = guard.require(...requirements);
  // Hands on the promise of what comes next: an async function would add one of its own to each request.
  return (c, next) => {
    const pass = (user: AuthenticatedUser<Host>) => {
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
