import type { Algorithm } from '../jwt/algorithms.ts';
import type { KeysMaterial } from '../jwt/keys/configured-keys.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Fetch } from '../kernel/http/fetch-document.ts';
import type { RevocationOptions } from './feed/revocation-options.ts';
import type { GuardStatus } from './guard.ts';
import type { CookieNames } from './request/cookie-names.ts';
import type { TokenCacheOptions } from './verify/verified-token-cache.ts';

/** The options of every guard. */
export interface CommonGuardOptions {
  /**
   * The names of this service. The `aud` of a token must contain one of them. Default: the issuer, which is also the
   * default of the server. With `keys` and without an issuer: any.
   * @see RFC 7519 section 4.1.3
   */
  readonly audience?: string | readonly string[];
  /**
   * The names of the cookies, without the `__Host-` that they have unless the issuer is http. False: tokens come in the
   * header only. Default: the default names of the server.
   */
  readonly cookies?: CookieNames | false;
  /**
   * Origins whose pages may use the cookie for requests that change state, such as `https://app.example`. This site
   * itself always may. Default: the origin of the issuer.
   */
  readonly origins?: readonly string[];
  /** Seconds by which the clocks of issuer and guard may differ, 0 to 300. Default 5. */
  readonly clockTolerance?: number;
  /** The bounds of the cache of verified tokens; false: no cache. */
  readonly cache?: TokenCacheOptions | false;
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /**
   * Called after every change of `guard.status()`. Without this option, the guard prints each problem of its set-up once
   * on standard error; with it, it prints nothing.
   */
  readonly onStatus?: (status: GuardStatus) => void;
}

/** The options of a guard that fetches the keys from its issuer. */
export interface IssuerGuardOptions extends CommonGuardOptions {
  /** The issuer's URL, exactly as in the `iss` of its tokens: `https://auth.example`. */
  readonly issuer: string;
  /** Only in {@link LocalGuardOptions}. */
  readonly keys?: never;
  /** Only in {@link LocalGuardOptions}: published keys name their algorithm. */
  readonly algorithm?: never;
  /**
   * The URL of the keys, for a network in which the issuer has another address. With this option no metadata is fetched.
   * Default: as the issuer's metadata says.
   * @see RFC 8414 section 3
   */
  readonly jwksUri?: string;
  /** At most one fetch for tokens of unknown keys in this many seconds, above 0 and up to 3600. Default 30. */
  readonly cooldown?: number;
  /** Seconds in which the issuer must answer completely, above 0 and up to 3600. Default 5. */
  readonly timeout?: number;
  /**
   * Seconds to wait after a fetch that failed, above 0 and up to 3600. The wait doubles with each failure up to 30
   * seconds, and is shortened by up to a half by chance. Default 1.
   */
  readonly retryDelay?: number;
  /** Allows http to other machines. Only for a network that you trust as a whole. Default false. */
  readonly allowHttp?: boolean;
  /** The feed of revocations. Default: none, and a revoked token is accepted until it expires. */
  readonly revocations?: RevocationOptions;
  /**
   * Sends every request of the guard. Default: the global `fetch`, and on Node.js a connection of its own for the feed of
   * revocations. With this option the feed uses it too, and an open feed may then keep the process alive until
   * `guard.close()`.
   */
  readonly fetch?: Fetch;
}

/** The options of a guard that is given the keys and never opens a connection. */
export interface LocalGuardOptions extends CommonGuardOptions {
  /**
   * A public key (PEM, JWK, `KeyObject`), a JWKS, or a list of keys. A shared secret needs an HS `algorithm`: without one,
   * text or bytes that are not a recognised key are refused.
   */
  readonly keys: KeysMaterial;
  /** Default: the `alg` of the key, else the one that fits its kind. Required for a shared secret as text or bytes. */
  readonly algorithm?: Algorithm;
  /** The required `iss` of a token. Default: any, as the key shows who signed it. */
  readonly issuer?: string;
}

/** The options of {@link createGuard}. */
export type GuardOptions = IssuerGuardOptions | LocalGuardOptions;
