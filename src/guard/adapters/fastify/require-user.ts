import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
} from 'fastify';
import type { Guard } from '../../guard.ts';
import type { AccessRequirements, GuestRequirements } from '../../request/authorize.ts';
import type { AuthenticatedUser } from '../../verify/authenticated-user.ts';
import type { UserName, UserOf } from '../user-decorations.ts';

/** What the name `user` adds to an app. */
interface DefaultDecorations {
  /** Creates a hook that protects a route: `{ onRequest: app.requireUser({ roles: ['admin'] }) }`. */
  requireUser: RequireUser;
}

/** What the name `user` adds to a request. */
interface DefaultRequestDecorations {
  /**
   * The user that the request comes from. On a route without `app.requireUser()` it throws, so that a handler whose
   * guard was forgotten fails.
   */
  readonly user: AuthenticatedUser;
}

/** `requireUser`, or `requireStaff` for the name `staff`. */
type AppDecorations = {
  [Name in Exclude<UserName, 'user'> as `require${Capitalize<Name>}`]: RequireUser;
} & ('user' extends UserName ? DefaultDecorations : unknown);

type RequestDecorations = {
  readonly [Name in Exclude<UserName, 'user'>]: UserOf<Name>;
} & ('user' extends UserName ? DefaultRequestDecorations : unknown);

declare module 'fastify' {
  interface FastifyInstance extends AppDecorations {}
  interface FastifyRequest extends RequestDecorations {}
}

/** The property of a request that holds the user of each name. */
const keys = new Map<string, symbol>();

function keyOf(name: string): symbol {
  const key = keys.get(name) ?? Symbol(`latchkey ${name}`);
  keys.set(name, key);
  return key;
}

/** Null stands for a guest that a guard let pass. */
interface Carrier {
  [key: symbol]: AuthenticatedUser | null | undefined;
}

/** The name of the app's method that creates hooks: `requireStaff` for `staff`. */
function methodOf(name: string): string {
  return `require${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/**
 * Adds `app.requireUser()` and `request.user` to an app, or `app.requireStaff()` and `request.staff`.
 * @param name the option `as`
 * @returns the method that was added to the app
 */
export function decorateUser(
  app: FastifyInstance,
  name: string,
  guard: Pick<Guard, 'require'>,
  sendRefusal: SendRefusal,
): RequireUser {
  const key = keyOf(name);
  const requireUser = createRequireUser(guard, sendRefusal, key);
  app.decorate(methodOf(name), requireUser);
  app.decorateRequest(name, {
    getter(this: FastifyRequest) {
      return readUser(this, key, name);
    },
  });
  return requireUser;
}

/** A Fastify hook: `preHandler` or `onRequest` of a route or a plugin. */
export type RequireUserHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/**
 * Creates a hook that lets a request pass only with a valid access token that meets the requirements. With
 * `optional: true` a request without a token passes too, and `request.user` is undefined; read it with
 * {@link findUser}, whose type says so.
 * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
 */
export type RequireUser = (
  requirements?: AccessRequirements | GuestRequirements,
) => RequireUserHook;

/** Answers a refused request. It throws an error that it has no response for. */
export type SendRefusal = (request: FastifyRequest, reply: FastifyReply, error: unknown) => void;

function createRequireUser(
  guard: Pick<Guard, 'require'>,
  sendRefusal: SendRefusal,
  key: symbol,
): RequireUser {
  return (...requirements) => {
    const check = guard.require(...requirements);
    // Calls back instead of returning a promise: creating one for each request takes longer than the check.
    return (request, reply, done) => {
      const pass = (user: AuthenticatedUser | undefined) => {
        (request as unknown as Carrier)[key] = user ?? null;
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
 * Returns the user of a request.
 * @throws {Error} on a route without a guard, so that a handler whose guard was forgotten fails
 */
function readUser(request: FastifyRequest, key: symbol, name: string): AuthenticatedUser {
  const user = (request as unknown as Carrier)[key];
  if (user === undefined) {
    throw new Error(`request.${name} was read on a route without app.${methodOf(name)}().`);
  }
  // Only routes with `optional: true` have guests.
  return user ?? (undefined as unknown as AuthenticatedUser);
}

/** Returns the user of a name. @throws {Error} on a route without a guard */
export function getUser(request: FastifyRequest, name: string): AuthenticatedUser {
  return readUser(request, keyOf(name), name);
}

/**
 * Returns the user of a request, or undefined for a guest and on a route without a guard.
 *
 * ```ts
 * app.get('/', { onRequest: app.requireUser({ optional: true }) }, (req) => findUser(req)?.username ?? 'guest');
 * ```
 * @param name the option `as` of the plugin. Default `user`
 */
export function findUser<Name extends UserName | 'user' = 'user'>(
  request: FastifyRequest,
  name?: Name,
): UserOf<Name> | undefined {
  const user = (request as unknown as Carrier)[keyOf(name ?? 'user')];
  return (user ?? undefined) as UserOf<Name> | undefined;
}
