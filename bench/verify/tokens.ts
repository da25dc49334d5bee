/** Access tokens as Latchkey issues them, signed here so that every contender gets the very same. */
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
} from 'node:crypto';
import { createGuard } from 'latchkey/guard';

export const algorithms = ['HS256', 'RS256', 'ES256', 'EdDSA'] as const;
export type Algorithm = (typeof algorithms)[number];

const issuer = 'https://auth.example';
const audience = 'https://api.example';

/** What a process that verifies is given. */
export interface Material {
  readonly algorithm: Algorithm;
  readonly issuer: string;
  readonly audience: string;
  /** The shared secret, or the public key as PEM. */
  readonly key: string;
  readonly tokens: readonly string[];
  /** Each good but for one thing, by what that is. */
  readonly refused: Readonly<Record<Refusal, string>>;
}

export type Refusal = 'altered' | 'expired' | 'of another issuer' | 'for another audience';

type Claims = Record<string, unknown>;

export function createMaterial(algorithm: Algorithm, count: number): Material {
  const { key, signText } = createKey(algorithm);
  const [kid] = createGuard({ keys: key, algorithm }).status().keys.kids;
  const header = encode({ alg: algorithm, typ: 'at+jwt', kid });
  const createToken = (claims: Claims) => {
    const input = `${header}.${encode(claims)}`;
    return `${input}.${signText(input).toString('base64url')}`;
  };
  const now = Math.floor(Date.now() / 1000);
  const good = createClaims(now);
  const [, , signature] = createToken(good).split('.');
  return {
    algorithm,
    issuer,
    audience,
    key,
    tokens: Array.from({ length: count }, () => createToken(createClaims(now))),
    refused: {
      altered: `${header}.${encode({ ...good, sub: randomUUID() })}.${signature}`,
      expired: createToken({ ...good, iat: now - 7200, exp: now - 3600 }),
      'of another issuer': createToken({ ...good, iss: 'https://other.example' }),
      'for another audience': createToken({ ...good, aud: 'https://other.example' }),
    },
  };
}

function createClaims(now: number): Claims {
  return {
    iss: issuer,
    sub: randomUUID(),
    aud: audience,
    client_id: 'latchkey',
    exp: now + 24 * 3600,
    iat: now,
    jti: `${randomBytes(15).toString('base64url')}.0`,
    sid: randomUUID(),
    auth_time: now,
    username: `user-${randomBytes(4).toString('hex')}`,
    roles: ['user'],
  };
}

function encode(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function createKey(algorithm: Algorithm): {
  readonly key: string;
  readonly signText: (text: string) => Buffer;
} {
  if (algorithm === 'HS256') {
    const key = randomBytes(32).toString('base64url');
    return { key, signText: (text) => createHmac('sha256', key).update(text).digest() };
  }
  const { publicKey, privateKey } = createKeyPair(algorithm);
  const options = { key: createPrivateKey(privateKey), dsaEncoding: 'ieee-p1363' } as const;
  const digest = algorithm === 'EdDSA' ? null : 'sha256';
  return { key: publicKey, signText: (text) => sign(digest, Buffer.from(text), options) };
}

function createKeyPair(algorithm: Exclude<Algorithm, 'HS256'>) {
  const encodings = {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  } as const;
  switch (algorithm) {
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048, ...encodings });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256', ...encodings });
    case 'EdDSA':
      return generateKeyPairSync('ed25519', encodings);
  }
}
