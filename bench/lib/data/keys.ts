/** Key pairs and secrets that servers sign with and guards verify with. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';

export type Algorithm = 'HS256' | 'ES256' | 'RS256' | 'EdDSA';

export interface Keys {
  readonly algorithm: Algorithm;
  /** The shared secret, or a PEM. */
  readonly private: string;
  readonly public: string;
}

const encodings = {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const;

export function createKeys(algorithm: Algorithm): Keys {
  if (algorithm === 'HS256') {
    const secret = randomBytes(32).toString('base64url');
    return { algorithm, private: secret, public: secret };
  }
  const { privateKey, publicKey } = createPair(algorithm);
  return { algorithm, private: privateKey, public: publicKey };
}

function createPair(algorithm: Exclude<Algorithm, 'HS256'>) {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256', ...encodings });
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048, ...encodings });
    case 'EdDSA':
      return generateKeyPairSync('ed25519', encodings);
  }
}
