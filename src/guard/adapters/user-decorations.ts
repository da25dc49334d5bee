import type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';

/**
 * Declares, for the types, the names under which adapters store users on a request. `user` is one of them unless you
 * declare it false, which you must if another library gives `request.user` a type of its own. Declare other names with
 * the claims that their issuer adds to tokens:
 *
 * ```ts
 * declare module 'latchkey/guard' {
 *   interface UserDecorations {
 *     user: false; // left to @fastify/jwt
 *     staff: { team: string }; // { as: 'staff' } makes request.staff
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: hosts extend it
export interface UserDecorations {}

/** `user`, unless the host declared it otherwise. */
type DefaultName = 'user' extends keyof UserDecorations ? never : 'user';

/** The names that hosts declared. */
type DeclaredName = {
  [Name in keyof UserDecorations]: UserDecorations[Name] extends false ? never : Name;
}[keyof UserDecorations];

/** A name under which adapters may store a user on a request. */
export type UserName = DefaultName | DeclaredName;

/** The type of the user that is stored under a name. */
export type UserOf<Name> = Name extends keyof UserDecorations
  ? UserDecorations[Name] extends infer Host extends object
    ? AuthenticatedUser<Host>
    : AuthenticatedUser
  : AuthenticatedUser<CustomClaims>;
