/** `latchkey/guard/express`: the guard as Express middleware. */
import type { RequestHandler, Response } from 'express';
import type { AuthenticatedUser } from './authenticated-user.ts';
import type { AccessRequirements } from './authorize.ts';
import { toRefusalAnswer } from './error-response.ts';
import type { Guard } from './guard.ts';

export type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
export type { AccessRequirements } from './authorize.ts';

declare global {
  namespace Express {
    interface Request {
      /** Who the request comes from. Only behind `requireUser()`: elsewhere it is not there. */
      user: AuthenticatedUser;
    }
  }
}

/**
 * Creates middleware that lets a request pass only with a valid access token that meets the requirements.
 * Who may not is answered here, with a problem document; errors that are not Latchkey's go to `next`.
 *
 * ```ts
 * const guard = createGuard({ issuer: 'https://auth.example' });
 * app.get('/hello', requireUser(guard), (req, res) => res.send(`Hello, ${req.user.username}`));
 * ```
 */
export function requireUser(
  guard: Pick<Guard, 'require'>,
  ...requirements: [requirements?: AccessRequirements]
): RequestHandler {
  const check = guard.require(...requirements);
  return (request, response, next) => {
    const pass = (user: AuthenticatedUser) => {
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

function sendRefusal(response: Response, error: unknown): void {
  const { status, headers, body } = toRefusalAnswer(error);
  // As it is: Express would add an ETag and answer a refusal with 304.
  response.writeHead(status, headers).end(body);
}
