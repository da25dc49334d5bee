/** `latchkey/guard/express`: the guard as Express middleware. */
import type { Request, RequestHandler, Response } from 'express';
import type { AuthenticatedUser } from './authenticated-user.ts';
import type { AccessRequirements, GuestRequirements, RequirementArguments } from './authorize.ts';
import { toRefusalAnswer } from './error-response.ts';
import type { UserGuard } from './express/guarded-routes.ts';
import type { Guard } from './guard.ts';

export type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
export type { AccessRequirements, GuestRequirements } from './authorize.ts';
export type { GuardedHandler, UserGuard } from './express/guarded-routes.ts';

/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * It answers every other request itself, with a problem document; errors that are not Latchkey's go to `next`.
 * With `optional: true` a request without a token passes too, and `req.user` is undefined.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (req, res) => res.send(`Hello, ${req.user.username}`));
 * ```
 */
export function requireUser(
  guard: Pick<Guard, 'require'>,
  requirements: GuestRequirements,
): RequestHandler;
export function requireUser(
  guard: Pick<Guard, 'require'>,
  requirements?: AccessRequirements,
): UserGuard;
export function requireUser(
  guard: Pick<Guard, 'require'>,
  ...requirements: RequirementArguments
): RequestHandler {
  const check = guard.require(...requirements);
  return (request, response, next) => {
    const pass = (user: AuthenticatedUser | undefined) => {
      request.user = user;
      next();
    };
    const refuse = (error: unknown) => {
      try {
        sendRefusal(response, error);
      } catch (thrown) {
        next(thrown);
      }
    };
    let user: ReturnType<typeof check>;
    try {
      user = check(request);
    } catch (error) {
      refuse(error);
      return;
    }
    if (user instanceof Promise) user.then(pass, refuse);
    else pass(user);
  };
}

/**
 * The user of a request, where a type cannot tell: behind `app.use(requireUser(guard))`, or where other middleware
 * stands between.
 * @throws {Error} on a route without a guard, and for a guest: a forgotten guard must fail, not run for nobody
 */
export function getUser(request: Request): AuthenticatedUser {
  if (request.user !== undefined) return request.user;
  throw new Error('getUser() was called on a route without requireUser(), or for a guest.');
}

function sendRefusal(response: Response, error: unknown): void {
  const { status, headers, body } = toRefusalAnswer(error);
  // As it is: Express would add an ETag and answer a refusal with 304.
  response.writeHead(status, headers).end(body);
}
