import { isCount } from '../kernel/count.ts';
import { encodeBase64url } from '../kernel/encoding/base64url.ts';
import type { Claims } from './claims.ts';

/** `typ` of access tokens. @see RFC 9068 section 2.1 */
export const ACCESS_TOKEN_TYP = 'at+jwt';

/** `typ` of refresh tokens. It is our own, so that neither kind is accepted as the other. */
export const REFRESH_TOKEN_TYP = 'rt+jwt';

/**
 * The claims of an access token. Times are seconds since the epoch. `Host` is the type of the host's own claims. The
 * verifier does not check those: they are what the issuer signed.
 * @see RFC 9068 section 2.2
 */
export type AccessTokenClaims<Host extends object = Record<string, unknown>> = Claims & {
  /** The client that the session was started for. */
  readonly client_id: string;
  /** The unique id of the token. It ends in the user's token version. */
  readonly jti: string;
  /** The id of the session. */
  readonly sid: string;
  /** When the user last authenticated, in seconds since the epoch. A refresh does not change it. */
  readonly auth_time: number;
  /**
   * How the user authenticated, such as `['pwd']`. A refresh does not change it. Tokens issued by version 0.1 have none.
   * @see RFC 8176
   */
  readonly amr?: readonly string[];
  /** The user's roles. Absent: none. */
  readonly roles?: readonly string[];
  /**
   * What the user's roles permit, by the server's option `permissions`. Absent: nothing.
   * @see RFC 9068 section 2.2.3.1
   */
  readonly entitlements?: readonly string[];
  /** The granted scopes, separated by spaces. Absent: none. @see RFC 6749 section 3.3 */
  readonly scope?: string;
  /** The user's name, if the user has one. */
  readonly username?: string;
} & Readonly<Host>;

/** The random bytes in a `jti`. Two equal ones among 120-bit numbers are practically impossible. */
const JTI_BYTES = 15;
const JTI = /^[\w-]{20}\.(0|[1-9a-z][0-9a-z]{0,10})$/;

/**
 * Creates a token id that contains the user's token version, so that one comparison shows whether all tokens of the user
 * were revoked: `<20 characters of base64url>.<version in base 36>`.
 * @param bytes 15 random bytes
 * @param version a whole number of 0 or more
 */
export function createJti(bytes: Uint8Array, version: number): string {
  if (bytes.byteLength !== JTI_BYTES) throw new RangeError(`A jti is made of ${JTI_BYTES} bytes.`);
  if (!isCount(version)) {
    throw new RangeError('A token version is a whole number of 0 or more.');
  }
  return `${encodeBase64url(bytes)}.${version.toString(36)}`;
}

/** Reads the token version from a `jti` of {@link createJti}; undefined for any other `jti`. */
export function readTokenVersion(jti: string): number | undefined {
  const version = JTI.exec(jti)?.[1];
  if (version === undefined) return undefined;
  const number = Number.parseInt(version, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}
