import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, suite, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import {
  type AuthorizationServer,
  allowInsecureRequests,
  clockTolerance,
  discoveryRequest,
  processDiscoveryResponse,
  validateJwtAccessToken,
} from 'oauth4webapi';
import { type RunningLatchkey, startLatchkey } from '../support/latchkey-process.ts';

/** The issuer is on this machine, by http. */
const insecure = { [allowInsecureRequests]: true } as const;

for (const algorithm of ['ES256', 'EdDSA', 'RS256']) {
  suite(`verifiers that are not ours, ${algorithm}`, () => {
    let latchkey: RunningLatchkey;
    let token: string;
    let server: AuthorizationServer;

    before(async () => {
      latchkey = await startLatchkey({ LATCHKEY_ALGORITHM: algorithm });
      const { body } = await latchkey.register('jane');
      token = body['access_token'];
      const issuer = new URL(latchkey.url);
      const response = await discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
      server = await processDiscoveryResponse(issuer, response);
    });

    const createRequest = (bearer: string) =>
      new Request('https://api.example/orders', { headers: { authorization: `Bearer ${bearer}` } });

    test('jose accepts our tokens by our key set', async () => {
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', latchkey.url));
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: latchkey.url,
        audience: latchkey.url,
        algorithms: [algorithm],
        typ: 'at+jwt',
        clockTolerance: 5,
      });
      assert.equal(payload['username'], 'jane');
      assert.equal(protectedHeader.alg, algorithm);
      await assert.rejects(jwtVerify(`${token}A`, keys), { name: /^JW/ });
    });

    test('jose accepts them for as long as clocks may differ', async () => {
      const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', latchkey.url));
      const { payload } = await jwtVerify(token, keys);
      const { iat = 0, exp = 0 } = payload;
      const verifyAt = (seconds: number) =>
        jwtVerify(token, keys, { clockTolerance: 5, currentDate: new Date(seconds * 1000) });
      await verifyAt(iat - 2);
      await verifyAt(exp + 4);
      await assert.rejects(verifyAt(exp + 6), { code: 'ERR_JWT_EXPIRED' });
    });

    test('oauth4webapi finds our metadata and accepts our access tokens', async () => {
      assert.equal(server.issuer, latchkey.url);
      assert.equal(server.token_endpoint, `${latchkey.url}/auth/token`);
      const claims = await validateJwtAccessToken(server, createRequest(token), latchkey.url, {
        ...insecure,
        signingAlgorithms: [algorithm],
        [clockTolerance]: 5,
      });
      assert.equal(claims['username'], 'jane');
      await assert.rejects(
        validateJwtAccessToken(server, createRequest(token), 'https://other.example', insecure),
      );
    });

    test('oauth4webapi takes no refresh token for an access token', async () => {
      const { body } = await latchkey.send('/auth/login', {
        json: { username: 'jane', password: 'correct horse battery' },
      });
      await assert.rejects(
        validateJwtAccessToken(
          server,
          createRequest(body['refresh_token']),
          latchkey.url,
          insecure,
        ),
      );
    });
  });
}

test('each recipe of the documentation lets clocks differ, and finds the keys below a path of the issuer', () => {
  const page = readFileSync(new URL('../../docs/verify-elsewhere.md', import.meta.url), 'utf8');
  const recipes = [...page.matchAll(/```(js|python|go|java)\n(.*?)```/gs)];
  assert.deepEqual(
    recipes.map(([, language]) => language),
    ['js', 'js', 'python', 'go', 'java'],
  );
  for (const [, language, code = ''] of recipes) {
    // Nimbus allows 60 seconds without being told.
    if (language !== 'java') assert.match(code, /leeway=5|WithLeeway\(5|clockTolerance\]?: 5/);
    assert.doesNotMatch(code, /'\/\.well-known/, 'would replace the path of the issuer');
  }
});
