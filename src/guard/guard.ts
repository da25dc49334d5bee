import type { RevocationWatchStatus } from './feed/revocation-status.ts';
import type { IssuerKeysStatus } from './issuer/issuer-keys.ts';
import type { AccessRequirements, GuestRequirements } from './request/authorize.ts';
import type { IncomingRequest } from './request/request.ts';
import type { AuthenticatedUser, CustomClaims } from './verify/authenticated-user.ts';

/**
 * A value, or a promise of it if the guard must ask its issuer first, which is rare. `await` takes both.
 */
export type Awaitable<T> = T | Promise<T>;

/**
 * Returns the user of a request if the token and the user meet the requirements.
 * @throws as {@link Guard.require} describes; the promise rejects with the same errors
 */
export type RequestCheck<Host extends object = CustomClaims> = (
  request: IncomingRequest,
) => Awaitable<AuthenticatedUser<Host>>;

/** A {@link RequestCheck} for a route that guests may use: undefined for a request without a token. */
export type GuestCheck<Host extends object = CustomClaims> = (
  request: IncomingRequest,
) => Awaitable<AuthenticatedUser<Host> | undefined>;

/**
 * A handler of web requests, as in Next.js routes, Bun, Deno and service workers. `Incoming` is the framework's own kind
 * of `Request`, such as `NextRequest`; `Rest` is whatever else the framework passes.
 */
export type ProtectedHandler<
  Host extends object,
  Rest extends unknown[],
  Incoming extends Request = Request,
> = (request: Incoming, user: AuthenticatedUser<Host>, ...rest: Rest) => Awaitable<Response>;

/** A {@link ProtectedHandler} for a route that guests may use: for them, the user is undefined. */
export type GuestHandler<
  Host extends object,
  Rest extends unknown[],
  Incoming extends Request = Request,
> = (
  request: Incoming,
  user: AuthenticatedUser<Host> | undefined,
  ...rest: Rest
) => Awaitable<Response>;

/** The state of a guard, for health checks and logs. */
export interface GuardStatus {
  /**
   * Whether the guard can verify tokens: it has keys and, unless `onStale` is `accept`, it has received all revocations
   * once.
   */
  readonly ready: boolean;
  /** The keys in use. */
  readonly keys: IssuerKeysStatus;
  /** The feed of revocations. Undefined without the option `revocations`. */
  readonly revocations: RevocationWatchStatus | undefined;
  /** For a combined guard, the status of each of its guards by issuer; else absent. */
  readonly issuers?: Readonly<Record<string, GuardStatus>>;
}

/**
 * Verifies access tokens in front of protected routes. Create one with {@link createGuard}, once per process.
 * `Host` is the type of the host's own claims.
 */
export interface Guard<Host extends object = CustomClaims> {
  /**
   * Verifies an access token and returns its claims, frozen. Synchronous, and one look-up for a token that was verified
   * before. It does not check whether the user may do what is asked for.
   * @throws {TokenRefused}
   * @throws {GuardNotReady} before the keys are fetched
   * @throws {RevocationsStale} when the revocations are older than `maxStaleness`, unless `onStale` is `accept`
   * @see RFC 9068 section 4
   */
  verify(token: string): AuthenticatedUser<Host>;
  /**
   * Returns the user of a request. The token is in `Authorization: Bearer …` or in the cookie, and never in both. For a
   * request that changes state or opens a WebSocket, the cookie counts only if the request comes from this site or an
   * allowed origin.
   *
   * Await it. It returns a promise only while the first keys are fetched, when a token names a key that is not known
   * yet, and when a token must be introspected. The promise rejects with the same errors.
   *
   * ```ts
   * try {
   *   const user = await guard.authenticate(request);
   *   return Response.json({ hello: user.username });
   * } catch (error) {
   *   return errorResponse(error);
   * }
   * ```
   * @throws {TokenRefused} if no token came, or one that is not accepted
   * @throws {MultipleCredentials} if two tokens came
   * @throws {AccessDenied} `cross_site_request`
   * @throws {GuardNotReady} as `verify`
   * @throws {RevocationsStale} as `verify`
   * @see RFC 6750 section 2.1
   */
  authenticate(request: IncomingRequest): Awaitable<AuthenticatedUser<Host>>;
  /**
   * Creates a check for a route that guests may use. It returns undefined for a request without a token. A token that comes
   * must be valid and meet the requirements.
   * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
   */
  require(requirements: GuestRequirements): GuestCheck<Host>;
  /**
   * Creates a check that also requires roles, permissions, scopes or a recent sign-in. Create it once, not for each request.
   * The check throws what `authenticate` throws, and:
   * - {@link AccessDenied} (`insufficient_role`, `insufficient_permission`, `insufficient_scope`)
   * - {@link ReauthenticationRequired} if the user authenticated longer ago than `maxAuthAge`
   *
   * ```ts
   * const requireAdmin = guard.require({ roles: ['admin'] });
   * const admin = await requireAdmin(request);
   * ```
   * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
   */
  require(requirements?: AccessRequirements): RequestCheck<Host>;
  /** Creates either check, for callers that do not know which one. @throws {InvalidOption} */
  require(requirements?: AccessRequirements | GuestRequirements): GuestCheck<Host>;
  /**
   * Wraps a handler of web requests that guests may use too: for a request without a token, the user is undefined.
   * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
   */
  protect<Rest extends unknown[], Incoming extends Request = Request>(
    handler: GuestHandler<Host, Rest, Incoming>,
    requirements: GuestRequirements,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;
  /**
   * Wraps a handler of web requests. It runs only for a user that meets the requirements, with the request, the user, and
   * whatever else its caller passes. Every other request gets the response of {@link errorResponse}. Errors that are not
   * Latchkey's are thrown.
   *
   * ```ts
   * export const GET = guard.protect((request, user) => Response.json({ hello: user.username }));
   * ```
   * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
   */
  protect<Rest extends unknown[], Incoming extends Request = Request>(
    handler: ProtectedHandler<Host, Rest, Incoming>,
    requirements?: AccessRequirements,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;
  /**
   * Resolves when the guard can verify tokens. While the issuer is unreachable it does not reject: the guard keeps
   * asking.
   * @throws {GuardNotReady} if the guard is closed before it is ready
   */
  ready(): Promise<void>;
  /** Returns the present state. Cheap enough for every request. */
  status(): GuardStatus;
  /** Stops fetching keys and revocations, and keeps those it has. May be called twice. */
  close(): void;
}
