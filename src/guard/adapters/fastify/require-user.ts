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

/** What the usual name adds to an app. */
interface DefaultDecorations {
  /** Makes a hook that protects a route: `{ onRequest: app.requireUser({ roles: ['admin'] }) }`. */
  requireUser: RequireUser;
}

/** What the usual name adds to a request. */
interface DefaultRequestDecorations {
  /**
   * Who the request comes from. Only behind `app.requireUser()`: elsewhere it throws, because a
   * handler that forgot its guard must fail rather than run for nobody.
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

/** Where the users of each name are kept on a request. */
const keys = new Map<string, symbol>();

function keyOf(name: string): symbol {
  const key = keys.get(name) ?? Symbol(`latchkey ${name}`);
  keys.set(name, key);
  return key;
}

/** Null stands for a guest: a guard stood before the route, and let it in. */
interface Carrier {
  [key: symbol]: AuthenticatedUser | null | undefined;
}

/** The name of the method that makes hooks for users of a name. */
function methodOf(name: string): string {
  return `require${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/**
 * Adds `app.requireUser()` and `request.user` to an app, or `app.requireStaff()` and `request.staff`.
 * @param name `user`, or that of the option `as`
 * @returns what was added to the app
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
 * Makes a hook that lets a request pass only with a valid access token that meets the requirements; with
 * `optional: true` also without a token. Then `request.user` is undefined: read it with {@link findUser}, whose type
 * says so.
 */
export type RequireUser = (
  requirements?: AccessRequirements | GuestRequirements,
) => RequireUserHook;

/** Answers a request that may not pass. What it cannot answer it throws. */
export type SendRefusal = (request: FastifyRequest, reply: FastifyReply, error: unknown) => void;

function createRequireUser(
  guard: Pick<Guard, 'require'>,
  sendRefusal: SendRefusal,
  key: symbol,
): RequireUser {
  return (...requirements) => {
    const check = guard.require(...requirements);
    // Calls back instead of returning a promise: a promise for each request costs more than the check.
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
 * The user of a request. It throws where no guard stood before the route, rather than answering undefined: a handler
 * that forgot its guard must fail, not run for nobody.
 * @throws {Error}
 */
function readUser(request: FastifyRequest, key: symbol, name: string): AuthenticatedUser {
  const user = (request as unknown as Carrier)[key];
  if (user === undefined) {
    throw new Error(`request.${name} was read on a route without app.${methodOf(name)}().`);
  }
  // A guest is undefined, on routes that asked for that alone.
  return user ?? (undefined as unknown as AuthenticatedUser);
}

/** The user of a name, where a guard stood before the route. @throws {Error} */
export function getUser(request: FastifyRequest, name: string): AuthenticatedUser {
  return readUser(request, keyOf(name), name);
}

/**
 * The user of a request, or undefined for a guest and on a route without a guard.
 * @param name that of the option `as`
 */
export function findUser<Name extends UserName | 'user' = 'user'>(
  request: FastifyRequest,
  name?: Name,
): UserOf<Name> | undefined {
  const user = (request as unknown as Carrier)[keyOf(name ?? 'user')];
  return (user ?? undefined) as UserOf<Name> | undefined;
}
