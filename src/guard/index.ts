/**
 * `latchkey/guard`: protects routes in any framework. Verifies access tokens where the request is, with
 * the issuer's public keys, and loads neither a web framework nor a database.
 *
 * - {@link createGuard}: the guard.
 * - `latchkey/guard/fastify`, `latchkey/guard/hono`, `latchkey/guard/express`: it in those frameworks.
 */

export * from '../errors.ts';
export type { Algorithm } from '../jwt/algorithms.ts';
export type { Clock } from '../jwt/clock.ts';
export type { JsonWebKey, KeyMaterial } from '../jwt/key-material.ts';
export type { KeysMaterial } from '../jwt/key-set.ts';
export type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
export type { AccessRequirements, GuestRequirements } from './authorize.ts';
export { combineGuards } from './combine-guards.ts';
export type { CookieNames } from './cookie-names.ts';
export { createGuard } from './create-guard.ts';
export { errorResponse } from './error-response.ts';
export type { Fetch } from './fetch-document.ts';
export type {
  Guard,
  GuardStatus,
  GuestCheck,
  GuestHandler,
  ProtectedHandler,
  RequestCheck,
  Soon,
} from './guard.ts';
export type {
  CommonGuardOptions,
  GuardOptions,
  IssuerGuardOptions,
  LocalGuardOptions,
} from './guard-options.ts';
export type { IssuerKeysStatus } from './issuer-keys.ts';
export type { IncomingRequest, RequestHeaders } from './request.ts';
export type { RevocationFeedState, RevocationFeedStatus } from './revocation-feed.ts';
export type { RevocationOptions, RevocationWatchStatus, StalePolicy } from './revocation-watch.ts';
export type { UserDecorations, UserName, UserOf } from './user-decorations.ts';
export type { TokenCacheOptions } from './verified-token-cache.ts';
