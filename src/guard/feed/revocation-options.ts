/**
 * What to do with tokens while a revocation may be missing.
 * - `accept`: tokens are accepted. A revoked one lives until it expires.
 * - `reject`: every token is refused with 503.
 * - `introspect`: the issuer is asked about every token; if it does not answer, the token is refused with 503.
 */
export type StalePolicy = 'accept' | 'reject' | 'introspect';

/** How a guard hears of revocations. */
export interface RevocationOptions {
  /** The key of the guard, `lkg_…`, as `latchkey clients create NAME --kind guard` printed it. */
  readonly credential: string;
  /**
   * The most seconds since the guard last knew of every revocation, 20 at least, as the server sends a heartbeat every
   * 15 seconds. After that, `onStale` applies. Default 60.
   */
  readonly maxStaleness?: number;
  /**
   * What to do with tokens once `maxStaleness` has passed. With `reject` and `introspect` this also applies until the
   * guard has received all revocations once. `introspect` needs `guard.authenticate`, `guard.require` or an adapter, as
   * `guard.verify` cannot wait for an answer. Default `accept`.
   */
  readonly onStale?: StalePolicy;
  /** The URL of the feed. Default: as the issuer's metadata says, else `<issuer>/auth/revocations`. */
  readonly url?: string;
  /**
   * The URL of the introspection endpoint. Default: as the issuer's metadata says, else `<issuer>/auth/introspect`.
   * @see RFC 7662
   */
  readonly introspectionUrl?: string;
}
