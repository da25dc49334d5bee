import type { AuthenticatedUser } from '../guard/verify/authenticated-user.ts';

/** Whom to sign in. Everything may be left out. */
export interface TestUser<Host extends object> {
  /** The `sub`. Default: the username, else `test-user`. */
  readonly id?: string;
  readonly username?: string;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  /** The host's own claims. */
  readonly claims?: Partial<Host>;
  /** Seconds since the user authenticated. Default 0. */
  readonly authAge?: number;
  /** How the user authenticated. Default `['pwd']`. @see RFC 8176 */
  readonly amr?: readonly string[];
  /** Seconds the token lives. Default 900. */
  readonly expiresIn?: number;
}

/** A user who is signed in, and what its requests carry. */
export interface TestSignIn<Host extends object> {
  readonly token: string;
  /** The token as a program sends it: `fetch(url, { headers: alice.headers })`. */
  readonly headers: { readonly authorization: string };
  /** The token as a browser sends it from a page of the same site. */
  readonly cookies: { readonly cookie: string; readonly 'sec-fetch-site': 'same-origin' };
  /** What the guard makes of the token. */
  readonly user: AuthenticatedUser<Host>;
}
