/**
 * `latchkey/guard/fastify`: the guard as a Fastify plugin, for APIs that are not Latchkey themselves.
 * An app that runs `latchkey/server` has `app.requireUser()` already.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidOption } from '../../kernel/errors.ts';
import { assertOptions, type OptionCheck } from '../../kernel/options/check-options.ts';
import { createGuard } from '../create-guard.ts';
import type { Guard } from '../guard.ts';
import type { GuardOptions } from '../guard-options.ts';
import { toHttpRefusal } from '../respond/error-response.ts';
import { aDecorationName } from './decoration-options.ts';
import { decorateUser } from './fastify/require-user.ts';
import { shareDecorations } from './fastify/share-decorations.ts';

export type { AccessRequirements, GuestRequirements } from '../request/authorize.ts';
export type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';
export { findUser, type RequireUser, type RequireUserHook } from './fastify/require-user.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The guard behind `app.requireUser()`. Only with the plugin of `latchkey/guard/fastify`. */
    guard: Guard;
  }
}

/** What makes a guard, or a guard that was made. */
export type GuardPluginOptions = (GuardOptions | { readonly guard: Guard<object> }) & {
  /**
   * Another name for the user on a request, for a second guard in the same app or beside another library that adds
   * `request.user`. With `staff` there are `request.staff`, `app.requireStaff()` and `app.staffGuard`. Declare the name
   * in `UserDecorations` for the types. Default `user`.
   */
  readonly as?: string;
};

/**
 * Adds `app.requireUser()`, `request.user` and `app.guard`. A guard made here is closed with the app; one
 * that was handed in is not.
 *
 * ```ts
 * await app.register(latchkeyGuard, { issuer: 'https://auth.example' });
 * app.get('/hello', { onRequest: app.requireUser() }, (req) => `Hello, ${req.user.username}`);
 * ```
 */
export const latchkeyGuard: FastifyPluginAsync<GuardPluginOptions> =
  shareDecorations<GuardPluginOptions>('latchkey-guard', async (app, options) => {
    const { as: name = 'user', ...rest } = options;
    if ('as' in options)
      assertOptions('latchkeyGuard', { as: options.as }, { as: aDecorationName });
    if ('guard' in rest) assertOptions('latchkeyGuard', rest, { guard: aGuard });
    // What its claims are is said by the declarations of the host.
    const guard = 'guard' in rest ? (rest.guard as Guard) : createGuard(rest);
    if (!('guard' in rest)) app.addHook('onClose', async () => guard.close());
    app.decorate(name === 'user' ? 'guard' : `${name}Guard`, guard);
    decorateUser(app, name, guard, sendRefusal);
  });

const aGuard: OptionCheck = (name, value) => {
  if (typeof (value as Partial<Guard> | null)?.require === 'function') return;
  throw new InvalidOption(name, `${name} must be what createGuard returned.`);
};

function sendRefusal(_request: FastifyRequest, reply: FastifyReply, error: unknown): void {
  const { status, headers, body } = toHttpRefusal(error);
  // As bytes: to text Fastify would add a charset, which JSON does not have.
  reply.code(status).headers(headers).send(Buffer.from(body));
}
