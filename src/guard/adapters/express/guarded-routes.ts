import type {
  NextFunction,
  ParamsDictionary,
  Request,
  RequestHandler,
  Response,
  RouteParameters,
} from 'express-serve-static-core';
import type { ParsedQs } from 'qs';
import type { AuthenticatedUser } from '../../verify/authenticated-user.ts';
import type { UserName } from '../user-decorations.ts';

/** The type of `req.user`. Empty if the host declared `user: false` in `UserDecorations`. */
type ExpressUser = 'user' extends UserName ? AuthenticatedUser : Record<never, never>;

declare global {
  namespace Express {
    // The same names and types as in `@types/passport`, so that both can be installed.
    interface User extends ExpressUser {}
    interface Request {
      /**
       * The user that the request comes from. Undefined on a route without `requireUser()` and for guests. In a handler
       * that follows `requireUser()` in the same route, its type is never undefined.
       */
      user?: User | undefined;
    }
  }
}

/** Marks middleware that requires a user. It exists in types only. */
declare const guarded: unique symbol;

/** Middleware that lets a request pass only with a user. `Users` is what it adds to the request. */
export interface UserGuard<Users extends object = { user: AuthenticatedUser }>
  extends RequestHandler {
  readonly [guarded]: Users;
}

/** A handler behind a {@link UserGuard}: Express's own handler, with the user on the request. */
export type GuardedHandler<
  P = ParamsDictionary,
  ResBody = unknown,
  ReqBody = unknown,
  ReqQuery = ParsedQs,
  // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
  LocalsObj extends Record<string, any> = Record<string, any>,
  Users extends object = { user: AuthenticatedUser },
> = (
  request: Request<P, ResBody, ReqBody, ReqQuery, LocalsObj> & Users,
  response: Response<ResBody, LocalsObj>,
  next: NextFunction,
) => unknown;

// Types `app.get(path, requireUser(guard), handler)`, on apps and routers, with or without other middleware before the
// guard. TypeScript tries these overloads before those of Express.
declare module 'express-serve-static-core' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameters must be those of Express
  interface IRouterMatcher<T, Method extends Methods = any> {
    <
      Route extends string | RegExp,
      P = ParametersOf<Route>,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      ResBody = any,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      ReqBody = any,
      ReqQuery = ParsedQs,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      LocalsObj extends Record<string, any> = Record<string, any>,
      Users extends object = object,
    >(
      path: Route,
      guard: UserGuard<Users>,
      ...handlers: GuardedHandler<P, ResBody, ReqBody, ReqQuery, LocalsObj, Users>[]
    ): T;
    <
      Route extends string | RegExp,
      P = ParametersOf<Route>,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      ResBody = any,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      ReqBody = any,
      ReqQuery = ParsedQs,
      // biome-ignore lint/suspicious/noExplicitAny: as Express declares it
      LocalsObj extends Record<string, any> = Record<string, any>,
      Users extends object = object,
    >(
      path: Route,
      before: RequestHandler<P, ResBody, ReqBody, ReqQuery, LocalsObj>,
      guard: UserGuard<Users>,
      ...handlers: GuardedHandler<P, ResBody, ReqBody, ReqQuery, LocalsObj, Users>[]
    ): T;
  }
}

/** The types of Express 4 know the parameters of a string only. */
type ParametersOf<Route> = Route extends string ? RouteParameters<Route> : ParamsDictionary;

type Methods = 'all' | 'get' | 'post' | 'put' | 'delete' | 'patch' | 'options' | 'head' | 'query';
