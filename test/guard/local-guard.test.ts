import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard, errorResponse, type LocalGuardOptions, TokenRefused } from 'latchkey/guard';
import { toJwks, toPublicJwk } from '../../src/jwt/jwk.ts';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey, importSigningKey, type SigningKey } from '../../src/jwt/keys.ts';

const SECRET = 'kB7rXe2pQm9ZtLw4Yd0cNs6VhJf8GaUi';
const NOW = 1_800_000_000;
const clock = { now: () => NOW * 1000 };

function sign(key: SigningKey, changed: object = {}): string {
  return createSigner(
    key,
    'at+jwt',
  )({
    iss: 'https://auth.example',
    sub: 'alice',
    aud: 'https://api.example',
    client_id: 'latchkey',
    iat: NOW,
    exp: NOW + 900,
    jti: 'token',
    sid: 'session',
    auth_time: NOW,
    ...changed,
  });
}

const noNetwork = () => assert.fail('a local guard opened a connection');

test('every form of a key verifies what its other half signed', (t) => {
  t.mock.method(globalThis, 'fetch', noNetwork);
  for (const algorithm of ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256'] as const) {
    const key = generateSigningKey(algorithm);
    const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const forms: LocalGuardOptions['keys'][] = [
      key.publicKey,
      pem,
      Buffer.from(pem).toString('base64'),
      toPublicJwk(key),
      JSON.stringify(toPublicJwk(key)),
      toJwks([key]),
      [generateSigningKey('ES256').publicKey, pem],
    ];
    for (const keys of forms) {
      assert.equal(createGuard({ keys, clock }).verify(sign(key)).sub, 'alice', algorithm);
    }
    const other = createGuard({ keys: generateSigningKey(algorithm).publicKey, clock });
    assert.throws(() => other.verify(sign(key)), { code: 'token_untrusted' });
  }
});

test('a JWK says its algorithm, and the option says it where the key does not', () => {
  const key = generateSigningKey('PS256');
  assert.equal(createGuard({ keys: toPublicJwk(key), clock }).verify(sign(key)).sub, 'alice');
  const bare = createGuard({ keys: key.publicKey, clock });
  assert.throws(() => bare.verify(sign(key)), { code: 'token_untrusted' });
  const told = createGuard({ keys: key.publicKey, algorithm: 'PS256', clock });
  assert.equal(told.verify(sign(key)).sub, 'alice');
});

test('a shared secret means HS256, and must be one', () => {
  const key = importSigningKey(SECRET, 'HS256');
  const guard = createGuard({ keys: SECRET, clock });
  assert.equal(guard.verify(sign(key)).sub, 'alice');
  for (const keys of ['secret', 'x'.repeat(40), '', []]) {
    assert.throws(() => createGuard({ keys, clock }), { name: 'KeyRefused' });
  }
});

test('issuer and audience are asked for where they are named', () => {
  const key = generateSigningKey('ES256');
  const keys = key.publicKey;
  const token = sign(key);
  const accepted = [
    {},
    { issuer: 'https://auth.example', audience: 'https://api.example' },
    { audience: 'https://api.example' },
  ];
  for (const named of accepted) createGuard({ keys, clock, ...named }).verify(token);
  const refused = [
    [{ issuer: 'https://other.example' }, 'token_wrong_issuer'],
    [{ audience: 'https://other.example' }, 'token_wrong_audience'],
    [{ issuer: 'https://auth.example' }, 'token_wrong_audience'],
  ] as const;
  for (const [named, code] of refused) {
    assert.throws(() => createGuard({ keys, clock, ...named }).verify(token), { code });
  }
});

test('the cookie has the name it is given, and no prefix under an http issuer', async () => {
  const key = generateSigningKey('ES256');
  const token = sign(key, { iss: 'http://localhost:8000', aud: 'http://localhost:8000' });
  const ask = (cookie: string) => ({ method: 'GET', headers: new Headers({ cookie }) });
  const common = { keys: key.publicKey, issuer: 'http://localhost:8000', clock };
  const guard = createGuard(common);
  assert.equal((await guard.authenticate(ask(`latchkey_access=${token}`))).sub, 'alice');
  const named = createGuard({ ...common, cookies: { access: 'own' } });
  assert.equal((await named.authenticate(ask(`own=${token}`))).sub, 'alice');
  const none = createGuard({ ...common, cookies: false });
  assert.throws(() => none.authenticate(ask(`latchkey_access=${token}`)), {
    code: 'token_missing',
  });
});

test('a request is read in the form of the web and in that of Node', async () => {
  const key = generateSigningKey('ES256');
  const guard = createGuard({ keys: key.publicKey, clock });
  const authorization = `Bearer ${sign(key)}`;
  const forms = [
    new Request('https://api.example/x', { headers: { authorization } }),
    { headers: { authorization } },
    { headers: { authorization: [authorization] } },
  ];
  for (const request of forms) assert.equal((await guard.authenticate(request)).sub, 'alice');
  const cookie = `__Host-latchkey_access=${sign(key)}`;
  // Without a method it may be one that changes state.
  assert.throws(() => guard.authenticate({ headers: { cookie } }), { code: 'cross_site_request' });
  const twice = { headers: { authorization: [authorization, authorization] } };
  assert.throws(() => guard.authenticate(twice), { code: 'token_malformed' });
});

test('origins that may use the cookie are named', async () => {
  const key = generateSigningKey('ES256');
  const guard = createGuard({ keys: key.publicKey, clock, origins: ['https://app.example'] });
  const ask = (origin: string) => ({
    method: 'POST',
    headers: { cookie: `__Host-latchkey_access=${sign(key)}`, origin },
  });
  assert.equal((await guard.authenticate(ask('https://app.example'))).sub, 'alice');
  assert.throws(() => guard.authenticate(ask('https://app.example.attacker')), {
    code: 'cross_site_request',
  });
  for (const origin of ['app.example', 'https://app.example/', '*']) {
    assert.throws(() => createGuard({ keys: key.publicKey, origins: [origin] }), {
      setting: 'origins',
    });
  }
});

test('it is ready from the start, and has nothing to close', async () => {
  const key = generateSigningKey('ES256');
  const guard = createGuard({ keys: key.publicKey, clock });
  await guard.ready();
  assert.deepEqual(guard.status(), {
    ready: true,
    keys: { kids: [key.kid], fetchedAt: undefined, error: undefined },
    revocations: undefined,
  });
  guard.close();
  guard.verify(sign(key));
});

test('an error of the guard becomes a response, and any other is thrown on', async () => {
  const response = errorResponse(new TokenRefused('token_expired', 'Refresh it.'));
  assert.equal(response.status, 401);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
  assert.deepEqual(await response.json(), {
    type: 'about:blank',
    title: 'Unauthorized',
    status: 401,
    detail: 'Refresh it.',
    code: 'token_expired',
  });
  assert.throws(() => errorResponse(new Error('of the host')), /of the host/);
});
