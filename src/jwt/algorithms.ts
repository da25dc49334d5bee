import type { Digest } from '../fast/plain-hmac.ts';

/** What `node:crypto` needs to know for one signature algorithm. */
export type AlgorithmParameters =
  | { readonly family: 'hmac'; readonly digest: Digest; readonly minimumKeyBytes: number }
  | {
      readonly family: 'rsa';
      readonly digest: Digest;
      /** In bytes. With one, the padding is PSS, else PKCS #1 v1.5. */
      readonly saltLength?: number;
      /** In bits, of the keys that we generate. Keys of 2048 bits and more are accepted. */
      readonly modulusLength: number;
    }
  | {
      readonly family: 'ec';
      readonly digest: Digest;
      /** Name of the curve in OpenSSL. */
      readonly namedCurve: string;
      /** Name of the curve in a JWK. */
      readonly crv: string;
      readonly signatureBytes: number;
    }
  | { readonly family: 'ed25519'; readonly digest: null; readonly signatureBytes: number };

/**
 * The algorithms of Latchkey. `none` is not one of them, and no token can add it, as headers are never parsed.
 * @see RFC 7518 section 3.1, RFC 8037 section 3.1
 */
export const ALGORITHMS = {
  // A key has at least the length of the hash: RFC 7518 section 3.2.
  HS256: { family: 'hmac', digest: 'sha256', minimumKeyBytes: 32 },
  HS384: { family: 'hmac', digest: 'sha384', minimumKeyBytes: 48 },
  HS512: { family: 'hmac', digest: 'sha512', minimumKeyBytes: 64 },
  RS256: { family: 'rsa', digest: 'sha256', modulusLength: 2048 },
  RS384: { family: 'rsa', digest: 'sha384', modulusLength: 3072 },
  RS512: { family: 'rsa', digest: 'sha512', modulusLength: 3072 },
  // The salt has the length of the hash: RFC 7518 section 3.5.
  PS256: { family: 'rsa', digest: 'sha256', saltLength: 32, modulusLength: 2048 },
  PS384: { family: 'rsa', digest: 'sha384', saltLength: 48, modulusLength: 3072 },
  PS512: { family: 'rsa', digest: 'sha512', saltLength: 64, modulusLength: 3072 },
  ES256: {
    family: 'ec',
    digest: 'sha256',
    namedCurve: 'prime256v1',
    crv: 'P-256',
    signatureBytes: 64,
  },
  ES384: {
    family: 'ec',
    digest: 'sha384',
    namedCurve: 'secp384r1',
    crv: 'P-384',
    signatureBytes: 96,
  },
  ES512: {
    family: 'ec',
    digest: 'sha512',
    namedCurve: 'secp521r1',
    crv: 'P-521',
    signatureBytes: 132,
  },
  EdDSA: { family: 'ed25519', digest: null, signatureBytes: 64 },
} as const satisfies Record<string, AlgorithmParameters>;

/** The `alg` of a token. `EdDSA` means Ed25519. @see RFC 7518 section 3.1 */
export type Algorithm = keyof typeof ALGORITHMS;

/** Whether Latchkey knows the algorithm of this name. */
export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(ALGORITHMS, name);
}

/** The parameters of an algorithm. */
export function parametersOf(algorithm: Algorithm): AlgorithmParameters {
  return ALGORITHMS[algorithm];
}

/** Whether one secret both signs and verifies (HMAC), so that there is no public key to publish. */
export function isSymmetric(algorithm: Algorithm): boolean {
  return ALGORITHMS[algorithm].family === 'hmac';
}
