import { type Algorithm, isAlgorithm } from '../../jwt/algorithms.ts';

/** A signing key as stored. The domain seals the private part before the store gets it. Times are ms since the epoch. */
export interface StoredKey {
  readonly kid: string;
  readonly algorithm: string;
  /** `<id of the root key>.<private JWK>`, the latter sealed under a key derived from that root key. */
  readonly sealedPrivateJwk: string;
  readonly createdAt: number;
  /** From when it may sign. The active key with the greatest `activeAt` signs. */
  readonly activeAt: number;
  /** From when its tokens are refused and it is not in the JWKS; null: no successor is set. */
  readonly retiredAt: number | null;
  /** When an operator revoked it because it had leaked, or null. */
  readonly revokedAt: number | null;
}

/** The algorithm of a stored key. */
export function parseStoredAlgorithm({ algorithm }: Pick<StoredKey, 'algorithm'>): Algorithm {
  if (isAlgorithm(algorithm)) return algorithm;
  throw new Error('A stored key has an unknown algorithm.');
}
