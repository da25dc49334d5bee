import type { AccessTokenClaims } from '../jwt/access-token.ts';

/**
 * The host's own claims, as its `claims` option returns them. Declare them once, and every
 * `request.user` has them:
 *
 * ```ts
 * declare module 'latchkey/server' {
 *   interface CustomClaims {
 *     tenant: string;
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: hosts extend it
export interface CustomClaims {}

/** Who a request comes from: the claims of its access token, verified, unrevoked and frozen. */
export type AuthenticatedUser = Readonly<AccessTokenClaims & CustomClaims>;
