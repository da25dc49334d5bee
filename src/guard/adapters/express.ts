/** `latchkey/guard/express`: the guard as Express middleware. */
import type { Request, RequestHandler, Response } from 'express';
import type { Guard } from '../guard.ts';
import type { AccessRequirements, GuestRequirements } from '../request/authorize.ts';
import { toHttpRefusal } from '../respond/error-response.ts';
import type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';
import {
  type DecorationArguments,
  type DecorationOptions,
  readDecoration,
} from './decoration-options.ts';
import type { UserGuard } from './express/guarded-routes.ts';
import type { UserName, UserOf } from './user-decorations.ts';

export type { AccessRequirements, GuestRequirements } from '../request/authorize.ts';
export type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';
export type { DecorationOptions } from './decoration-options.ts';
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
export function requireUser<Host extends object = CustomClaims, const Name extends string = 'user'>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements: GuestRequirements,
  options?: DecorationOptions<Name>,
): RequestHandler;
export function requireUser<Host extends object = CustomClaims, const Name extends string = 'user'>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements?: AccessRequirements,
  options?: DecorationOptions<Name>,
): UserGuard<{ [Key in Name]: AuthenticatedUser<Host> }>;
export function requireUser<Host extends object>(
  guard: Pick<Guard<Host>, 'require'>,
  ...given: DecorationArguments
): RequestHandler {
  const { requirements, name } = readDecoration(given);
  const check = guard.require(...requirements);
  return (request, response, next) => {
    const pass = (user: AuthenticatedUser<Host> | undefined) => {
      (request as unknown as Record<string, unknown>)[name] = user;
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
 * @param name that of the option `as`
 * @throws {Error} on a route without a guard, and for a guest: a forgotten guard must fail, not run for nobody
 */
export function getUser<Name extends UserName | 'user' = 'user'>(
  request: Request,
  name?: Name,
): UserOf<Name> {
  const user = (request as unknown as Record<string, unknown>)[name ?? 'user'];
  if (user !== undefined) return user as UserOf<Name>;
  throw new Error('getUser() was called on a route without requireUser(), or for a guest.');
}

function sendRefusal(response: Response, error: unknown): void {
  const { status, headers, body } = toHttpRefusal(error);
  // As it is: Express would add an ETag and answer a refusal with 304.
  response.writeHead(status, headers).end(body);
}
