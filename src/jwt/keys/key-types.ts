import type { KeyObject } from 'node:crypto';
import type { Algorithm } from '../algorithms.ts';

/** A key that signs tokens. */
export interface SigningKey {
  /** Names the key in token headers and in the JWKS. */
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** The private key; for HMAC the secret. */
  readonly privateKey: KeyObject;
  /** The public key; for HMAC the secret again. */
  readonly publicKey: KeyObject;
}

/** A key whose tokens are accepted. */
export interface VerificationKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** The public key; for HMAC the secret. */
  readonly key: KeyObject;
}
