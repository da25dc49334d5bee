/**
 * `latchkey/guard`: protects routes in any framework. It verifies access tokens in the process of the API, with the
 * issuer's public keys, and loads neither a web framework nor a database.
 *
 * - {@link createGuard} creates the guard.
 * - {@link combineGuards} makes one guard of several issuers' guards.
 * - {@link errorResponse} turns an error into a response.
 * - `latchkey/guard/fastify`, `latchkey/guard/hono` and `latchkey/guard/express` adapt it to these frameworks.
 */

export type { AccessTokenClaims } from '../jwt/access-token.ts';
export type { Algorithm } from '../jwt/algorithms.ts';
export type { Claims } from '../jwt/claims.ts';
export type { KeysMaterial } from '../jwt/keys/configured-keys.ts';
export type { JsonWebKey, KeyMaterial } from '../jwt/keys/key-material.ts';
export type { Clock } from '../kernel/clock.ts';
export * from '../kernel/errors.ts';
export type { Fetch } from '../kernel/http/fetch-document.ts';
export type { UserDecorations, UserName, UserOf } from './adapters/user-decorations.ts';
export { combineGuards } from './combine-guards.ts';
export { createGuard } from './create-guard.ts';
export type { RevocationOptions, StalePolicy } from './feed/revocation-options.ts';
export type {
  RevocationFeedState,
  RevocationFeedStatus,
  RevocationWatchStatus,
} from './feed/revocation-status.ts';
export type {
  Awaitable,
  Guard,
  GuardStatus,
  GuestCheck,
  GuestHandler,
  ProtectedHandler,
  RequestCheck,
} from './guard.ts';
export type {
  CommonGuardOptions,
  GuardOptions,
  IssuerGuardOptions,
  LocalGuardOptions,
} from './guard-options.ts';
export type { IssuerKeysStatus } from './issuer/issuer-keys.ts';
export type { AccessRequirements, GuestRequirements } from './request/authorize.ts';
export type { CookieNames } from './request/cookie-names.ts';
export type { IncomingRequest, RequestHeaders } from './request/request.ts';
export { errorResponse } from './respond/error-response.ts';
export type {
  AuthenticatedUser,
  CustomClaims,
  KnownPermissions,
  Permission,
} from './verify/authenticated-user.ts';
export type { TokenCacheOptions } from './verify/verified-token-cache.ts';
