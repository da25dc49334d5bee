/** A signing key as stored: the private part is sealed by the domain before it gets here. */
export interface StoredKey {
  readonly kid: string;
  readonly algorithm: string;
  /** Public JWK as JSON, or null for HMAC. */
  readonly publicJwk: string | null;
  /** Private JWK, sealed with AES-256-GCM under a key derived from a root key, which it names. */
  readonly sealedPrivateJwk: string;
  readonly createdAt: number;
  /** From when it signs; the key in force is the active one with the greatest `activeAt`. */
  readonly activeAt: number;
  /** When it leaves the JWKS, or null while no successor is set. */
  readonly retiredAt: number | null;
  /** When somebody said that it had leaked, or null. */
  readonly revokedAt: number | null;
}
