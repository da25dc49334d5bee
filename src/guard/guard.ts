import type { RevocationWatchStatus } from './feed/revocation-watch.ts';
import type { IssuerKeysStatus } from './issuer/issuer-keys.ts';
import type { AccessRequirements, GuestRequirements } from './request/authorize.ts';
import type { IncomingRequest } from './request/request.ts';
import type { AuthenticatedUser, CustomClaims } from './verify/authenticated-user.ts';

/**
 * What is there at once in all but rare cases: a promise only where the guard must ask its issuer first.
 * `await` takes both.
 */
export type Awaitable<T> = T | Promise<T>;

/** Finds out who a request comes from, and whether that one may. */
export type RequestCheck<Host extends object = CustomClaims> = (
  request: IncomingRequest,
) => Awaitable<AuthenticatedUser<Host>>;

/** The same for a route that guests may use: undefined for a request without a token. */
export type GuestCheck<Host extends object = CustomClaims> = (
  request: IncomingRequest,
) => Awaitable<AuthenticatedUser<Host> | undefined>;

/**
 * A handler as the web has it: Next.js routes, Bun, Deno, service workers. `Incoming` is the framework's own kind of
 * `Request`, such as `NextRequest`.
 */
export type ProtectedHandler<
  Host extends object,
  Rest extends unknown[],
  Incoming extends Request = Request,
> = (request: Incoming, user: AuthenticatedUser<Host>, ...rest: Rest) => Awaitable<Response>;

/** The same for a route that guests may use. */
export type GuestHandler<
  Host extends object,
  Rest extends unknown[],
  Incoming extends Request = Request,
> = (
  request: Incoming,
  user: AuthenticatedUser<Host> | undefined,
  ...rest: Rest
) => Awaitable<Response>;

/** What a guard knows. */
export interface GuardStatus {
  /**
   * Whether it can verify: it has keys and, where stale revocations keep it from accepting tokens, it has
   * heard of all revocations once.
   */
  readonly ready: boolean;
  readonly keys: IssuerKeysStatus;
  /** Undefined where the guard hears of no revocations. */
  readonly revocations: RevocationWatchStatus | undefined;
  /** By issuer, what each part of a combined guard knows; absent elsewhere. */
  readonly issuers?: Readonly<Record<string, GuardStatus>>;
}

/** Stands in front of protected routes. @see createGuard */
export interface Guard<Host extends object = CustomClaims> {
  /**
   * Verifies an access token and returns its claims, frozen. Synchronous; a token seen before costs a
   * look-up. Not checked: whether its user may do what it asks for.
   * @throws {TokenRefused}
   * @throws {GuardNotReady} before the keys are there
   * @throws {RevocationsStale} where the revocations are older than `maxStaleness` and `onStale` is not
   *   `accept`
   */
  verify(token: string): AuthenticatedUser<Host>;
  /**
   * Finds out who a request comes from: by `Authorization: Bearer …` or by the cookie, never by both.
   * A cookie counts for a request that changes state or opens a WebSocket only if the request comes from this
   * site or an allowed origin.
   *
   * Await it. A promise comes only while the first keys are fetched, when a token names a key that is
   * not known yet, and where it must be introspected.
   * @throws {TokenRefused} none came, or it is not accepted
   * @throws {MultipleCredentials} two came
   * @throws {Forbidden} `cross_site_request`
   * @throws {GuardNotReady} {@link RevocationsStale}, as `verify`
   */
  authenticate(request: IncomingRequest): Awaitable<AuthenticatedUser<Host>>;
  /**
   * Creates a check that also asks for roles, scopes or a recent sign-in. Create it once, not per request.
   * With `optional: true` it answers undefined for a request without a token. The check throws as `authenticate`
   * does, and:
   * - `AccessDenied` (`insufficient_role`, `insufficient_scope`)
   * - `ReauthenticationRequired` where the sign-in is older than `maxAuthAge`
   * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
   */
  require(requirements: GuestRequirements): GuestCheck<Host>;
  require(requirements?: AccessRequirements): RequestCheck<Host>;
  require(requirements?: AccessRequirements | GuestRequirements): GuestCheck<Host>;
  /**
   * Protects a handler of the web's form. Who may not is answered by {@link errorResponse}; the handler
   * gets the request, the user, and whatever else its caller passes.
   *
   * ```ts
   * export const GET = guard.protect((request, user) => Response.json({ hello: user.username }));
   * ```
   */
  protect<Rest extends unknown[], Incoming extends Request = Request>(
    handler: GuestHandler<Host, Rest, Incoming>,
    requirements: GuestRequirements,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;
  protect<Rest extends unknown[], Incoming extends Request = Request>(
    handler: ProtectedHandler<Host, Rest, Incoming>,
    requirements?: AccessRequirements,
  ): (request: Incoming, ...rest: Rest) => Promise<Response>;
  /**
   * Resolves when it can verify; at once where it can already. It does not reject while the issuer is
   * away: the guard goes on asking.
   * @throws {GuardNotReady} when it is closed before
   */
  ready(): Promise<void>;
  status(): GuardStatus;
  /** Ends what runs in the background. Keys and revocations stay as they are. May be called twice. */
  close(): void;
}
