import type { AuthenticatedUser, Permission } from '../guard/verify/authenticated-user.ts';

/** The user to sign in. Every member may be left out. */
export interface TestUser<Host extends object> {
  /** The `sub` of the token. Default: the username, else `test-user`. */
  readonly id?: string;
  /** The `username` of the token. Default: none. */
  readonly username?: string;
  /** The `roles` of the token. Default: none. */
  readonly roles?: readonly string[];
  /** The `entitlements` of the token. Default: none. */
  readonly permissions?: readonly Permission[];
  /** The scopes of the token. Default: none. */
  readonly scopes?: readonly string[];
  /** The host's own claims. Default: none. */
  readonly claims?: Partial<Host>;
  /** Seconds since the user authenticated. Default 0. */
  readonly authAge?: number;
  /** How the user authenticated: the `amr` of the token. Default `['pwd']`. @see RFC 8176 */
  readonly amr?: readonly string[];
  /** Seconds until the token expires. Default 900. */
  readonly expiresIn?: number;
}

/** A user that is signed in, and what the user's requests carry. */
export interface TestSignIn<Host extends object> {
  /** The access token. */
  readonly token: string;
  /** The token as a program sends it: `fetch(url, { headers: alice.headers })`. */
  readonly headers: { readonly authorization: string };
  /** The token as a browser sends it from a page of the same site. */
  readonly cookies: { readonly cookie: string; readonly 'sec-fetch-site': 'same-origin' };
  /** The user as the guard returns it for this token. */
  readonly user: AuthenticatedUser<Host>;
}
