import type { AccessTokenClaims } from '../jwt/access-token.ts';

/**
 * The host's own claims, as the `claims` option of the server returns them. Declare them once, and every
 * `request.user` has them:
 *
 * ```ts
 * declare module 'latchkey/guard' {
 *   interface CustomClaims {
 *     tenant: string;
 *   }
 * }
 * ```
 *
 * The same works with `latchkey/server`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: hosts extend it
export interface CustomClaims {}

/**
 * Who a request comes from: the claims of its access token, verified, unrevoked and frozen.
 * `Host` is the type of the host's own claims, by default {@link CustomClaims}.
 */
export type AuthenticatedUser<Host extends object = CustomClaims> = Readonly<
  AccessTokenClaims & Host
>;
