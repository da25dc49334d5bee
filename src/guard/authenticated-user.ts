import type { AccessTokenClaims } from '../jwt/access-token.ts';

/**
 * The host's own claims, as the `claims` option of the server returns them. Declare them once, and every
 * `request.user` has them, that of the server and those of guards in any framework:
 *
 * ```ts
 * declare module 'latchkey/guard' {
 *   interface CustomClaims {
 *     tenant: string;
 *   }
 * }
 * ```
 *
 * `latchkey/server` may stand there instead, and serves all just so. Name the same one throughout a
 * program: of declarations for both, TypeScript keeps those for one.
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
