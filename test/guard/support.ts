import {
  createVerifier,
  type VerifierOptions,
} from '../../src/guard/verify/access-token-verifier.ts';
import { createJti } from '../../src/jwt/access-token.ts';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey, toVerificationKey } from '../../src/jwt/keys/import-keys.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import type { Revocation } from '../../src/revocation/revocation.ts';
import { RevocationIndex } from '../../src/revocation/revocation-index.ts';

export const START = 1_800_000_000;

/** A verifier with its issuer, a clock to turn and a log to write. */
export function createBench(
  options: Partial<VerifierOptions> = {},
  key = generateSigningKey('ES256'),
) {
  const clock = {
    seconds: START,
    reads: 0,
    now() {
      this.reads++;
      return this.seconds * 1000;
    },
  };
  const revocations = new RevocationIndex();
  let seq = 0;
  let serial = 0;
  return {
    key,
    clock,
    revocations,
    verifier: createVerifier({
      keys: [toVerificationKey(key)],
      issuer: 'https://issuer.example',
      audience: 'https://api.example',
      clock,
      revocations,
      ...options,
    }),
    claims: (changed: object = {}, version = 1) => ({
      iss: 'https://issuer.example',
      sub: 'alice',
      aud: 'https://api.example',
      client_id: 'latchkey',
      iat: START,
      exp: START + 900,
      jti: createJti(Buffer.alloc(15, serial++), version),
      sid: 'session',
      auth_time: START,
      ...changed,
    }),
    sign: (claims: object, by: SigningKey = key) => createSigner(by, 'at+jwt')(claims),
    revoke: (entry: Pick<Revocation, 'kind' | 'subject'> & { version?: number }) =>
      revocations.apply({ seq: ++seq, version: 0, expiresAt: (START + 9000) * 1000, ...entry }),
  };
}
