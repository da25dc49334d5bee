import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';
import { isSymmetric } from '../../src/jwt/algorithms.ts';
import { createSigner } from '../../src/jwt/jws.ts';
import { createJwtVerifier } from '../../src/jwt/jwt-verifier.ts';
import {
  generateSigningKey,
  importSigningKey,
  importVerificationKey,
  toVerificationKey,
} from '../../src/jwt/keys/import-keys.ts';
import { exportPrivateJwk, toJwks, toPublicJwk } from '../../src/jwt/keys/jwk.ts';
import { AUDIENCE, algorithms, claims, clock, ISSUER, keyFor, NOW } from './support.ts';

const expectations = {
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: 'at+jwt',
  currentDate: new Date(NOW * 1000),
};

for (const algorithm of algorithms) {
  test(`${algorithm}: jose verifies what we sign`, async () => {
    const key = keyFor(algorithm);
    const token = createSigner(key, 'at+jwt')(claims);
    const { payload, protectedHeader } = await jwtVerify(token, key.publicKey, {
      ...expectations,
      algorithms: [algorithm],
    });
    assert.deepEqual(payload, claims);
    assert.deepEqual(protectedHeader, { alg: algorithm, typ: 'at+jwt', kid: key.kid });
  });

  test(`${algorithm}: we verify what jose signs`, async () => {
    const key = keyFor(algorithm);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: key.kid })
      .sign(key.privateKey);
    const verify = createJwtVerifier({
      keys: [toVerificationKey(key)],
      typ: 'at+jwt',
      issuer: ISSUER,
      audience: AUDIENCE,
      clock,
    });
    assert.deepEqual(verify(token), claims);
  });

  test(`${algorithm}: a key can be exported and imported, here and in jose`, async () => {
    const key = keyFor(algorithm);
    const jwk = exportPrivateJwk(key);
    const again = importSigningKey(JSON.stringify(jwk), algorithm);
    assert.ok(again.privateKey.equals(key.privateKey));
    assert.equal(again.kid, key.kid);
    const { kid: _, ...nameless } = jwk;
    assert.equal(importSigningKey(nameless, algorithm).kid, key.kid, 'the id follows from the key');
    assert.ok(await importJWK({ ...jwk }, algorithm));
  });

  if (isSymmetric(algorithm)) {
    test(`${algorithm}: the key is never published`, () => {
      const key = keyFor(algorithm);
      assert.deepEqual(toJwks([key]), { keys: [] });
      assert.throws(() => toPublicJwk(key), { code: 'wrong_key_type' });
    });
    continue;
  }

  test(`${algorithm}: jose verifies with the key set that we publish, which contains nothing private`, async () => {
    const key = keyFor(algorithm);
    const jwks = toJwks([keyFor('HS256'), key, generateSigningKey('ES256')]);
    const token = createSigner(key, 'at+jwt')(claims);
    const set = createLocalJWKSet({ keys: jwks.keys.map((jwk) => ({ ...jwk })) });
    assert.deepEqual((await jwtVerify(token, set, expectations)).payload, claims);
    for (const jwk of jwks.keys) {
      assert.equal(jwk.use, 'sig');
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) {
        assert.ok(!(member in jwk), member);
      }
    }
  });

  test(`${algorithm}: we verify with the key set that we publish`, () => {
    const key = keyFor(algorithm);
    const published = importVerificationKey(JSON.stringify(toPublicJwk(key)), algorithm);
    assert.deepEqual(
      { ...published, key: published.key.equals(key.publicKey) },
      { kid: key.kid, algorithm, key: true },
    );
  });
}
