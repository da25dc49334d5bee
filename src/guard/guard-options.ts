import type { Algorithm } from '../jwt/algorithms.ts';
import type { KeysMaterial } from '../jwt/keys/key-set.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Fetch } from '../kernel/http/fetch-document.ts';
import type { RevocationOptions } from './feed/revocation-watch.ts';
import type { GuardStatus } from './guard.ts';
import type { CookieNames } from './request/cookie-names.ts';
import type { TokenCacheOptions } from './verify/verified-token-cache.ts';

/** What every guard can be told. */
export interface CommonGuardOptions {
  /**
   * The names of this service: the `aud` of a token must hold one of them. Default: the issuer, as is the
   * server's; in the local form without an issuer: any.
   */
  readonly audience?: string | readonly string[];
  /**
   * Names of the cookies, before the `__Host-` that they carry unless the issuer is http; false: tokens
   * come by header alone. Default: those of the server.
   */
  readonly cookies?: CookieNames | false;
  /**
   * Origins whose pages may send requests that change state with the cookie, such as
   * `https://app.example`, beside this site itself. Default: that of the issuer.
   */
  readonly origins?: readonly string[];
  /** Seconds by which clocks may differ, 300 at most. Default 5. */
  readonly clockTolerance?: number;
  /** Bounds of the cache of verified tokens; false for none. */
  readonly cache?: TokenCacheOptions | false;
  /** Default: the time of the machine. */
  readonly clock?: Clock;
  /**
   * Called after every change of what `guard.status()` says. Without it, the guard prints what is set up wrongly on
   * standard error, each problem once; with it, it prints nothing.
   */
  readonly onStatus?: (status: GuardStatus) => void;
}

/** A guard that asks its issuer for the keys. */
export interface IssuerGuardOptions extends CommonGuardOptions {
  /** Exactly as tokens name it (`iss`): `https://auth.example`. */
  readonly issuer: string;
  readonly keys?: never;
  readonly algorithm?: never;
  /**
   * Where the keys are, if not where the issuer's metadata says: for a network in which the issuer has
   * another address. Then no metadata is asked for.
   */
  readonly jwksUri?: string;
  /** Seconds: at most one fetch for unknown headers in each. Default 30. */
  readonly cooldown?: number;
  /** Seconds an answer of the issuer may take, from first to last byte. Default 5. */
  readonly timeout?: number;
  /**
   * Seconds to wait after a fetch that failed; doubled with each, up to 30, and then taken between half
   * and whole by chance. Default 1.
   */
  readonly retryDelay?: number;
  /** Allow http to other machines: only where nobody else can be on the way. Default false. */
  readonly allowHttp?: boolean;
  /** Hear of revocations. Default: do not; a revoked token lives until it expires. */
  readonly revocations?: RevocationOptions;
  /**
   * Makes every request of the guard. Default: the global `fetch`, and on Node.js a connection of its own for the feed
   * of revocations. With this option the feed goes through it too, and an open feed may then keep the process alive
   * until `guard.close()`.
   */
  readonly fetch?: Fetch;
}

/** A guard that is given the keys and never opens a connection. */
export interface LocalGuardOptions extends CommonGuardOptions {
  /**
   * A public key (PEM, JWK, `KeyObject`), a JWKS, or a list of keys. A shared secret only together with an
   * HS `algorithm`: text or bytes that are not a recognised key stop the start otherwise.
   */
  readonly keys: KeysMaterial;
  /** Default: what the key says, else what fits its kind. A shared secret as text or bytes needs it. */
  readonly algorithm?: Algorithm;
  /** Must be the `iss` of a token. Default: any, as the key says who signed it. */
  readonly issuer?: string;
}

/** @see createGuard */
export type GuardOptions = IssuerGuardOptions | LocalGuardOptions;
