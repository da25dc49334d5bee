/** `latchkey/guard/express`: the guard as Express middleware. */
import type { Request, RequestHandler, Response } from 'express';
import type { Guard } from '../guard.ts';
import type { AccessRequirements, GuestRequirements } from '../request/authorize.ts';
import { toHttpRefusal } from '../respond/http-refusal.ts';
import type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';
import {
  type DecorationArguments,
  type DecorationOptions,
  readDecoration,
} from './decoration-options.ts';
import type { UserGuard } from './express/guarded-routes.ts';
import type { UserName, UserOf } from './user-decorations.ts';

export type * from '../index.ts';
export type { DecorationOptions } from './decoration-options.ts';
export type { GuardedHandler, UserGuard } from './express/guarded-routes.ts';

/**
 * Creates middleware for a route that guests may use. A request without a token passes too, and `req.user` is undefined. A
 * token that comes must be valid and meet the requirements.
 * @throws {InvalidOption} for an unknown requirement or option, an undefined value, or one of the wrong kind
 */
export function requireUser<Host extends object = CustomClaims, const Name extends string = 'user'>(
  guard: Pick<Guard<Host>, 'require'>,
  requirements: GuestRequirements,
  options?: DecorationOptions<Name>,
): RequestHandler;
/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * It answers every other request itself, with a problem document. Errors that are not Latchkey's go to `next`.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (req, res) => res.send(`Hello, ${req.user.username}`));
 * ```
 * @throws {InvalidOption} for an unknown requirement or option, an undefined value, or one of the wrong kind
 */
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
 * Returns the user of a request where the type of the request does not show that there is one: behind
 * `app.use(requireUser(guard))`, or with other middleware between `requireUser` and the handler.
 *
 * ```ts
 * app.use(requireUser(guard));
 * app.get('/hello', (req, res) => res.send(`Hello, ${getUser(req).username}`));
 * ```
 * @param name the option `as` of the middleware. Default `user`
 * @throws {Error} on a route without a guard, and for a guest, so that a handler whose guard was forgotten fails
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
  // Not by `send`: Express would add an ETag and might answer a refusal with 304.
  response.writeHead(status, headers).end(body);
}
