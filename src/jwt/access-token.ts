import { isCount } from '../kernel/count.ts';
import { encodeBase64url } from '../kernel/encoding/base64url.ts';
import type { Claims } from './claims.ts';

/** `typ` of access tokens. @see RFC 9068 section 2.1 */
export const ACCESS_TOKEN_TYP = 'at+jwt';

/** `typ` of refresh tokens: our own, so that neither kind passes for the other. */
export const REFRESH_TOKEN_TYP = 'rt+jwt';

/**
 * What an access token says. Times are seconds since the epoch. `Host` is the type of the host's own
 * claims; the verifier does not check those beyond the signature over them.
 * @see RFC 9068 section 2.2
 */
export type AccessTokenClaims<Host extends object = Record<string, unknown>> = Claims & {
  /** The client that the session was started for. */
  readonly client_id: string;
  /** Unique to the token; ends in the user's token version. */
  readonly jti: string;
  /** The sign-in the token belongs to. */
  readonly sid: string;
  /** When the user last authenticated. A refresh does not change it. */
  readonly auth_time: number;
  /**
   * How the user authenticated, such as `['pwd']`. A refresh does not change it. Tokens issued by version 0.1 have none.
   * @see RFC 8176
   */
  readonly amr?: readonly string[];
  readonly roles?: readonly string[];
  /** Space separated. */
  readonly scope?: string;
  readonly username?: string;
} & Readonly<Host>;

/** How many random bytes make a `jti` unique: 120 bits never meet again. */
const JTI_BYTES = 15;
const JTI = /^[\w-]{20}\.(0|[1-9a-z][0-9a-z]{0,10})$/;

/**
 * Creates a token id that carries the user's token version, so that revoking everything a user holds is
 * one comparison: `<20 characters of base64url>.<version in base 36>`.
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

/** The token version in a `jti` of {@link createJti}; undefined where another made it. */
export function readTokenVersion(jti: string): number | undefined {
  const version = JTI.exec(jti)?.[1];
  if (version === undefined) return undefined;
  const number = Number.parseInt(version, 36);
  return Number.isSafeInteger(number) ? number : undefined;
}
