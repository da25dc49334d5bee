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

/** What `req.user` is: nothing of ours where the host declared that the name is not ours. */
type ExpressUser = 'user' extends UserName ? AuthenticatedUser : Record<never, never>;

declare global {
  namespace Express {
    // The names and types of `@types/passport`, so that both can be installed.
    interface User extends ExpressUser {}
    interface Request {
      /**
       * Who the request comes from. Undefined on a route without `requireUser()` and for guests. A handler that
       * follows `requireUser()` in the same route sees it without the undefined.
       */
      user?: User | undefined;
    }
  }
}

/** Marks middleware behind which there is a user. It is never read: types alone look at it. */
declare const guarded: unique symbol;

/** Middleware that lets no request without a user pass. */
export interface UserGuard<Users extends object = { user: AuthenticatedUser }>
  extends RequestHandler {
  readonly [guarded]: Users;
}

/** A handler behind a {@link UserGuard}. */
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

// `app.get(path, requireUser(guard), handler)`, and the same of a router, with other middleware before it or without.
// These overloads go before those of Express.
declare module 'express-serve-static-core' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameters must be those of Express
  interface IRouterMatcher<T, Method extends Methods = any> {
    <
      Route extends string | RegExp,
      P = RouteParameters<Route>,
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
      P = RouteParameters<Route>,
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

type Methods = 'all' | 'get' | 'post' | 'put' | 'delete' | 'patch' | 'options' | 'head' | 'query';
