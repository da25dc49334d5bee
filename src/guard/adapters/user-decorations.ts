import type { AuthenticatedUser, CustomClaims } from '../verify/authenticated-user.ts';

/**
 * The names under which adapters keep users on a request, for the types. `user` is one of them unless it is declared
 * false, as it must be where another library gives `request.user` a type of its own. Others are declared with the
 * claims that their issuer puts into tokens:
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

/** The names under which there may be a user on a request. */
export type UserName = DefaultName | DeclaredName;

/** The user of a name. */
export type UserOf<Name> = Name extends keyof UserDecorations
  ? UserDecorations[Name] extends infer Host extends object
    ? AuthenticatedUser<Host>
    : AuthenticatedUser
  : AuthenticatedUser<CustomClaims>;
