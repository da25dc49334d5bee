import type { AccessTokenClaims } from '../../jwt/access-token.ts';

/**
 * The host's own claims, which the option `claims` of the server adds to tokens. Declare them once, and the types of the
 * server and of the guards in every framework include them:
 *
 * ```ts
 * declare module 'latchkey/guard' {
 *   interface CustomClaims {
 *     tenant: string;
 *   }
 * }
 * ```
 *
 * `latchkey/server` works as the module name too, but use the same name everywhere in a program. If you use both,
 * TypeScript silently ignores the declarations for one of them.
 */
// biome-ignore lint/suspicious/noEmptyInterface: hosts extend it
export interface CustomClaims {}

/**
 * The permissions that the option `permissions` of the server gives to roles. Declare their names once, and
 * `requireUser({ permissions })` takes no others:
 *
 * ```ts
 * declare module 'latchkey/guard' {
 *   interface KnownPermissions {
 *     'posts:write': true;
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: hosts extend it
export interface KnownPermissions {}

/** The name of a permission: one of {@link KnownPermissions}, or any text if none is declared. */
export type Permission = keyof KnownPermissions extends never
  ? string
  : Extract<keyof KnownPermissions, string>;

/**
 * The user that a request comes from: the claims of its access token, verified, not revoked, and frozen.
 * `Host` is the type of the host's own claims, by default {@link CustomClaims}.
 */
export type AuthenticatedUser<Host extends object = CustomClaims> = Readonly<
  AccessTokenClaims & Host
>;
