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
import { toHttpRefusal } from '../respond/http-refusal.ts';
import { aDecorationName } from './decoration-options.ts';
import { decorateUser } from './fastify/require-user.ts';
import { shareDecorations } from './fastify/share-decorations.ts';

export type * from '../index.ts';
export { findUser, type RequireUser, type RequireUserHook } from './fastify/require-user.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The guard behind `app.requireUser()`. Only with the plugin of `latchkey/guard/fastify`. */
    guard: Guard;
  }
}

/** The options of {@link latchkeyGuard}: those of `createGuard`, or a guard that you created. */
export type GuardPluginOptions = (
  | GuardOptions
  | {
      /** A guard of `createGuard` or `combineGuards`. The plugin does not close it. */
      readonly guard: Guard<object>;
    }
) & {
  /**
   * The name of the user on a request. Give another one for a second guard in the same app, or if another library adds
   * `request.user`. With `staff` there are `request.staff`, `app.requireStaff()` and `app.staffGuard`; declare the name
   * in `UserDecorations` for the types. A letter, then letters, digits and `_`. Default `user`.
   */
  readonly as?: string;
};

/**
 * A plugin that adds `app.requireUser()`, `request.user` and `app.guard`. It closes a guard that it creates when the
 * app closes.
 *
 * ```ts
 * await app.register(latchkeyGuard, { issuer: 'https://auth.example' });
 * app.get('/hello', { onRequest: app.requireUser() }, (req) => `Hello, ${req.user.username}`);
 * ```
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} {@link KeyRefused}, as `createGuard`
 */
export const latchkeyGuard: FastifyPluginAsync<GuardPluginOptions> =
  shareDecorations<GuardPluginOptions>('latchkey-guard', async (app, options) => {
    const { as: name = 'user', ...rest } = options;
    if ('as' in options)
      assertOptions('latchkeyGuard', { as: options.as }, { as: aDecorationName });
    if ('guard' in rest) assertOptions('latchkeyGuard', rest, { guard: aGuard });
    // The host declares the type of its claims in `CustomClaims`.
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
  // As bytes: Fastify would add a charset to a text, and JSON has none.
  reply.code(status).headers(headers).send(Buffer.from(body));
}
