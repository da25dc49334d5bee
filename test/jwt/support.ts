import { ALGORITHMS, type Algorithm, isAlgorithm } from '../../src/jwt/algorithms.ts';
import { generateSigningKey, importSigningKey } from '../../src/jwt/keys/import-keys.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';

export const NOW = 1_800_000_000;
export const clock = { now: () => NOW * 1000 };
export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'https://api.example';

export const algorithms: Algorithm[] = Object.keys(ALGORITHMS).filter(isAlgorithm);

export const claims = {
  iss: ISSUER,
  sub: '0198c0de-0000-7000-8000-000000000001',
  aud: AUDIENCE,
  client_id: 'latchkey',
  iat: NOW,
  exp: NOW + 900,
  jti: 'abcdefghijklmnopqrst.1',
  sid: '0198c0de-0000-7000-8000-000000000002',
  auth_time: NOW - 10,
  roles: ['editor'],
  username: 'zoë',
};

const keys = new Map<string, SigningKey>();

/** One key per algorithm and process, and one for all of RSA: such a key takes its time. */
export function keyFor(algorithm: Algorithm): SigningKey {
  const known = keys.get(algorithm);
  if (known !== undefined) return known;
  const isRsa = /^[RP]S/.test(algorithm);
  const key =
    isRsa && algorithm !== 'RS256'
      ? importSigningKey(keyFor('RS256').privateKey, algorithm)
      : generateSigningKey(algorithm);
  keys.set(algorithm, key);
  return key;
}
