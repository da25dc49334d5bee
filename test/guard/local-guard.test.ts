import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createGuard, errorResponse, type LocalGuardOptions, TokenRefused } from 'latchkey/guard';
import { requireUser as requireExpressUser } from 'latchkey/guard/express';
import { requireUser as requireHonoUser } from 'latchkey/guard/hono';
import { createSigner } from '../../src/jwt/jws.ts';
import { generateSigningKey, importSigningKey } from '../../src/jwt/keys/import-keys.ts';
import { toJwks, toPublicJwk } from '../../src/jwt/keys/jwk.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import { notOptions, wrongRequirements } from '../support/wrong-options.ts';

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

test('the algorithm comes from the JWK, else from the option', () => {
  const key = generateSigningKey('PS256');
  assert.equal(createGuard({ keys: toPublicJwk(key), clock }).verify(sign(key)).sub, 'alice');
  const bare = createGuard({ keys: key.publicKey, clock });
  assert.throws(() => bare.verify(sign(key)), { code: 'token_untrusted' });
  const told = createGuard({ keys: key.publicKey, algorithm: 'PS256', clock });
  assert.equal(told.verify(sign(key)).sub, 'alice');
});

test('a shared secret needs an HS algorithm, and must be strong', () => {
  const key = importSigningKey(SECRET, 'HS256');
  const guard = createGuard({ keys: SECRET, algorithm: 'HS256', clock });
  assert.equal(guard.verify(sign(key)).sub, 'alice');
  for (const keys of ['secret', 'x'.repeat(40), '', []]) {
    assert.throws(() => createGuard({ keys, algorithm: 'HS256', clock }), { name: 'KeyRefused' });
  }
  // A JWK and a KeyObject say themselves that they are secrets.
  const oct = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url') };
  for (const keys of [oct, JSON.stringify(oct), { keys: [oct] }, key.privateKey]) {
    assert.equal(createGuard({ keys, clock }).verify(sign(key)).sub, 'alice');
  }
});

/** What everybody can know, in the forms in which it is pasted, copied badly and configured by mistake. */
function createKnownMaterials(): Record<string, string | Uint8Array> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateSigningKey('ES256').publicKey;
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const der = ec.export({ format: 'der', type: 'spki' });
  const jwk = JSON.stringify(ec.export({ format: 'jwk' }));
  const { x = '', y = '' } = ec.export({ format: 'jwk' });
  const point = Buffer.concat([
    Buffer.from([4]),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url'),
  ]);
  const certificate = createCertificateBytes(publicKey);
  return {
    'a list of JWKs as text': `[${jwk}]`,
    'a JWK with a comma too many': jwk.replace('}', ',}'),
    'a JWKS with a comma too many': `{"keys":[${jwk},]}`,
    'a JWK in JavaScript': jwk.replaceAll(/"(\w+)":/g, '$1: '),
    'a JWK as a JSON string': JSON.stringify(jwk),
    'base64 of a broken JWK': Buffer.from(jwk.slice(0, -1)).toString('base64'),
    'a JWK that names a member twice': jwk.replace('{', '{"kty":"EC",'),
    'metadata of an issuer':
      '{"issuer":"https://auth.example","jwks_uri":"https://auth.example/k"}',
    'a PEM that lost a dash': pem.slice(1),
    'a PEM that lost its first line': pem.slice(pem.indexOf('\n') + 1),
    'a PEM that lost its dashes': pem.replaceAll('-', ''),
    'a PEM without its end': pem.slice(0, pem.indexOf('-----END')),
    'two PEMs in one text': pem + pem,
    'the inside of a PEM': pem.split('\n').slice(1, -2).join('\n'),
    'the inside of a PEM with written line ends': pem.split('\n').slice(1, -2).join('\\n'),
    'PKCS #1 in base64': publicKey.export({ format: 'der', type: 'pkcs1' }).toString('base64'),
    'a private key in base64': privateKey
      .export({ format: 'der', type: 'pkcs8' })
      .toString('base64'),
    'a certificate as in x5c': certificate.toString('base64'),
    'a certificate in bytes': certificate,
    'a certificate cut short': certificate.toString('base64').slice(0, 200),
    'SPKI in bytes': der,
    'SPKI in hex': der.toString('hex'),
    'SPKI in hex with colons': der
      .toString('hex')
      .replace(/..(?=.)/g, '$&:')
      .toUpperCase(),
    'SPKI in base64url': der.toString('base64url'),
    'base64 of SPKI in base64': Buffer.from(der.toString('base64')).toString('base64'),
    'a point of a curve': point.toString('base64url'),
    'an SSH key': `ssh-ed25519 ${'A'.repeat(68)} me@host`,
    'an SSH key without its name': Buffer.from(
      '\0\0\0\x0bssh-ed25519\0\0\0 '.padEnd(51, 'k'),
    ).toString('base64'),
    'an XML key': '<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>',
    'the address of the key set': 'https://auth.example/.well-known/jwks.json',
    'an address of another scheme': 'postgres://auth.example/keys-of-the-issuer',
    'an address without a scheme': 'auth.example.com/oauth2/v1/public/keys',
    'the name of a secret elsewhere': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:jwt',
    'a path': '/run/secrets/latchkey-public-key-of-production',
    'a path in a home': '~/keys/production/latchkey/public.pem',
    'a relative path': './keys/production/latchkey/publickey',
    'the name of a file': 'the-public-key-of-our-production-issuer.pem',
    'a path of Windows': 'C:\\keys\\production\\latchkey\\publickey',
    'a file address': 'file:///etc/latchkey/production/public.pem',
    'a token': sign(generateSigningKey('ES256')),
  };
}

/** The outline of a certificate around a real key: what X.509 has before and after it. */
function createCertificateBytes(key: KeyObject): Buffer {
  const wrap = (...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    const head = Buffer.from([0x30, 0x82, body.length >> 8, body.length & 0xff]);
    return Buffer.concat([head, body]);
  };
  const version = Buffer.from('a003020102020101', 'hex');
  const signedBy = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
  const name = Buffer.from('3000', 'hex');
  const spki = key.export({ format: 'der', type: 'spki' });
  return wrap(
    wrap(version, signedBy, name, name, name, spki),
    signedBy,
    Buffer.from('030100', 'hex'),
  );
}

test('a value that others may know is never accepted as a secret', (t) => {
  t.mock.method(globalThis, 'fetch', noNetwork);
  const good = generateSigningKey('ES256').publicKey;
  for (const [name, keys] of Object.entries(createKnownMaterials())) {
    for (const algorithm of [undefined, 'HS256', 'HS384'] as const) {
      const options = { clock, ...(algorithm === undefined ? {} : { algorithm }) };
      const refused = { name: 'KeyRefused', message: /^keys: / };
      assert.throws(() => createGuard({ ...options, keys }), refused, `${name}, ${algorithm}`);
      const second = { name: 'KeyRefused', message: /^keys\[[01]\]: / };
      assert.throws(() => createGuard({ ...options, keys: [good, keys] }), second, name);
    }
    const k = Buffer.from(keys as Uint8Array).toString('base64url');
    assert.throws(
      () => createGuard({ keys: { kty: 'oct', k }, clock }),
      { name: 'KeyRefused' },
      name,
    );
    const object = createSecretKey(Buffer.from(keys as Uint8Array));
    assert.throws(() => createGuard({ keys: object, clock }), { name: 'KeyRefused' }, name);
  }
});

test('a PEM in quotes or after a comment is read as a key, and never as a secret', () => {
  const key = generateSigningKey('ES256');
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  for (const keys of [`"${pem}"`, `'${pem}'`, `# key\n${pem}`, pem.replaceAll('\n', ' ')]) {
    assert.equal(createGuard({ keys, clock }).verify(sign(key)).sub, 'alice');
    assert.throws(() => createGuard({ keys, algorithm: 'HS256', clock }), { name: 'KeyRefused' });
    const object = createSecretKey(Buffer.from(keys));
    assert.throws(() => createGuard({ keys: object, clock }), { name: 'KeyRefused' });
  }
});

test('text and bytes that are not a key are a secret only with an HS algorithm', () => {
  const secrets = [
    SECRET,
    Buffer.from(SECRET),
    randomBytes(48),
    randomBytes(48).toString('base64'),
    randomBytes(32).toString('hex'),
  ];
  for (const keys of secrets) {
    const message = /^keys: .*option algorithm: "HS256"/;
    assert.throws(() => createGuard({ keys, clock }), { name: 'KeyRefused', message });
    assert.throws(() => createGuard({ keys: [keys], clock }), { message: /^keys\[0\]: / });
    createGuard({ keys, algorithm: 'HS256', clock });
  }
});

test('a JWKS is read from its text, with any option algorithm', () => {
  const [one, two] = [generateSigningKey('ES256'), generateSigningKey('EdDSA')];
  const text = JSON.stringify(toJwks([one, two]));
  for (const keys of [
    text,
    ` ${text}\n`,
    Buffer.from(text),
    Buffer.from(text).toString('base64'),
  ]) {
    const guard = createGuard({ keys, clock });
    for (const key of [one, two]) assert.equal(guard.verify(sign(key)).sub, 'alice');
    assert.throws(() => createGuard({ keys, algorithm: 'HS256', clock }), { name: 'KeyRefused' });
  }
  assert.throws(() => createGuard({ keys: '{"keys":[]}', clock }), { message: /^keys: / });
  assert.throws(() => createGuard({ keys: '{"keys":[{}]}', clock }), { message: /keys\[0\]: / });
});

test('a value that is neither text, bytes nor a key is refused with an explanation', () => {
  for (const keys of [
    null,
    0,
    true,
    () => '',
    new URL('https://auth.example'),
    new Map(),
    [[]],
    [null],
  ]) {
    for (const algorithm of [{}, { algorithm: 'HS256' as const }]) {
      const options = { keys, ...algorithm } as unknown as LocalGuardOptions;
      assert.throws(() => createGuard(options), { name: 'KeyRefused', message: /^keys/ });
    }
  }
});

test('an option that is unknown, undefined or of the wrong kind is refused', () => {
  const keys = generateSigningKey('ES256').publicKey;
  const issuer = 'https://auth.example';
  const credential = 'lkg_x';
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ keys, audiance: 'x' }, /createGuard: .*"audiance"\. Did you mean "audience"\?/],
    [{ keys, audience: undefined }, /createGuard: audience is undefined/],
    [{ keys, issuer: undefined }, /issuer is undefined/],
    [{ keys: undefined, issuer }, /keys is undefined/],
    [{ keys, algorithm: undefined }, /algorithm is undefined/],
    [{ keys, revocations: { credential } }, /"revocations"/],
    [{ issuer, revocation: { credential } }, /"revocation"\. Did you mean "revocations"\?/],
    [{ issuer, revocations: undefined }, /revocations is undefined/],
    [{ issuer, revocations: { credential, onstale: 'reject' } }, /Did you mean "onStale"\?/],
    [{ issuer, revocations: { credential, maxStaleness: undefined } }, /revocations\.maxStaleness/],
    [{ issuer, revocations: { credential, maxStaleness: '60' } }, /revocations\.maxStaleness/],
    [{ issuer, revocations: { credential: undefined } }, /revocations\.credential is undefined/],
    [{ issuer, revocations: credential }, /revocations must be an object/],
    [{ issuer, revocations: [{ credential }] }, /revocations must be an object/],
    [{ issuer, revocations: true }, /revocations must be an object/],
    [{ issuer, algorithm: 'HS256' }, /"algorithm"/],
    [{ issuer, jwksUrl: 'x' }, /Did you mean "jwksUri"\?/],
    [{ issuer, allowHttp: 'false' }, /allowHttp must be true or false/],
    [{ issuer, timeout: '5' }, /timeout must be a number/],
    [{ keys, cookies: true }, /cookies must be an object/],
    [{ keys, cookies: { acess: 'x' } }, /cookies has no option "acess"\. Did you mean "access"\?/],
    [{ keys, cookies: { access: undefined } }, /cookies\.access is undefined/],
    [{ keys, cache: 100 }, /cache must be an object/],
    [{ keys, cache: { max: 1 } }, /cache has no option "max"/],
    [{ keys, origins: 'https://app.example' }, /origins must be a list/],
    [{ keys, origins: [undefined] }, /origins must be a list/],
    // A text would be appended to the time at which a token expires, so that tokens never expired.
    [{ keys, clockTolerance: '5' }, /clockTolerance must be a number/],
    [{ keys, onStatus: 'log' }, /onStatus must be a function/],
    [{ keys, onstatus: () => undefined }, /Did you mean "onStatus"\?/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => createGuard(options as LocalGuardOptions),
      { name: 'TypeError', message },
      JSON.stringify(options),
    );
  }
  for (const [name, options] of notOptions) {
    assert.throws(() => createGuard(options as LocalGuardOptions), TypeError, name);
  }
});

test('requirements of a route are never ignored', () => {
  const guard = createGuard({ keys: generateSigningKey('ES256').publicKey, clock });
  const handler = () => new Response();
  const forms = [
    (wrong: never) => guard.require(wrong),
    (wrong: never) => guard.protect(handler, wrong),
    (wrong: never) => requireExpressUser(guard, wrong),
    (wrong: never) => requireHonoUser(guard, wrong),
  ];
  for (const form of forms) {
    for (const [wrong, message] of wrongRequirements) {
      assert.throws(() => form(wrong as never), { name: 'TypeError', message });
    }
    for (const [name, wrong] of notOptions) {
      assert.throws(() => form(wrong as never), TypeError, name);
    }
  }
  guard.require();
  guard.protect(handler);
  requireExpressUser(guard);
  requireHonoUser(guard);
});

test('issuer and audience are required if they are given', () => {
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

test('one audience in common is enough', () => {
  const key = generateSigningKey('ES256');
  const a = 'https://a.example';
  const b = 'https://b.example';
  const c = 'https://c.example';
  const verify = (audience: string | string[], aud: unknown) =>
    createGuard({ keys: key.publicKey, clock, audience }).verify(sign(key, { aud })).sub;
  for (const [audience, aud] of [
    [a, a],
    [a, [a]],
    [a, [b, a]],
    [[a], a],
    [[a, b], b],
    [
      [a, b],
      [c, b],
    ],
    [
      [a, b],
      [a, b],
    ],
  ] as const) {
    assert.equal(verify([audience].flat(), aud), 'alice');
  }
  for (const [audience, aud] of [
    [[a, b], c],
    [[a, b], [c]],
    [[a, b], []],
    [[a, b], [`${a}/`]],
    [[a, b], `${a},${b}`],
    [[a, b], `${a} ${b}`],
    [[a], a.toUpperCase()],
  ] as const) {
    const code = 'token_wrong_audience';
    assert.throws(() => verify([...audience], aud), { code }, JSON.stringify([audience, aud]));
  }
  for (const aud of [undefined, null, 5, { [a]: true }, [[a]], [a, 5]]) {
    assert.throws(() => verify([a, b], aud), { code: 'token_invalid_claims' });
  }
  for (const wrong of [[], '', [''], [a, ''], [a, undefined], 5, null, { a }]) {
    assert.throws(() => verify(wrong as never, a), { name: 'TypeError', message: /audience/ });
  }
  // A list that changes later changes nothing.
  const audience = [a];
  const guard = createGuard({ keys: key.publicKey, clock, audience });
  audience.push(c);
  assert.throws(() => guard.verify(sign(key, { aud: c })), { code: 'token_wrong_audience' });
});

test('the cookie has the configured name, and no prefix for an http issuer', async () => {
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

test('names of cookies are compared byte for byte, in each form of headers', async () => {
  const key = generateSigningKey('ES256');
  const guard = createGuard({ keys: key.publicKey, clock });
  const pair = `__Host-latchkey_access=${sign(key)}`;
  for (const foreign of ['\xa0', '\uFEFF', '\v', '\f', '\u2028', '\u3000', '\n', '\r', '\u1680']) {
    for (const cookie of [`${foreign}${pair}`, `a=b; ${foreign}${pair}`]) {
      const request = { method: 'GET', headers: { cookie } };
      assert.throws(
        () => guard.authenticate(request),
        { code: 'token_missing' },
        JSON.stringify(cookie.slice(0, 40)),
      );
    }
    const planted = `${foreign}__Host-latchkey_access=planted; ${pair}`;
    assert.equal(
      (await guard.authenticate({ method: 'GET', headers: { cookie: planted } })).sub,
      'alice',
    );
  }
});

test('a cookie with a CONNECT, which opens WebSockets over HTTP/2, needs an allowed origin', async () => {
  const key = generateSigningKey('ES256');
  const origins = ['https://app.example'];
  const guard = createGuard({ keys: key.publicKey, clock, origins });
  const cookie = `__Host-latchkey_access=${sign(key)}`;
  const ask = (method: string, headers: Record<string, string>) =>
    guard.authenticate({ method, headers: { ':protocol': 'websocket', cookie, ...headers } });
  for (const headers of [{}, { origin: 'https://attacker.example' }]) {
    assert.throws(() => ask('CONNECT', headers), { code: 'cross_site_request' });
    // Where a proxy in front made a GET of it.
    const version = { 'sec-websocket-version': '13', ...headers };
    assert.throws(() => ask('GET', version), { code: 'cross_site_request' });
  }
  assert.equal((await ask('CONNECT', { origin: 'https://app.example' })).sub, 'alice');
});

test('requests of the web and of Node.js are read alike', async () => {
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

test('a value that is not a text is refused as a malformed token', () => {
  const guard = createGuard({ keys: generateSigningKey('ES256').publicKey, clock });
  const uncached = createGuard({
    keys: generateSigningKey('ES256').publicKey,
    clock,
    cache: false,
  });
  for (const token of [
    undefined,
    null,
    0,
    1n,
    true,
    {},
    [],
    ['a.b.c'],
    Symbol('t'),
    () => 'a.b.c',
    new Date(),
  ]) {
    for (const each of [guard, uncached]) {
      const refused = { name: 'TokenRefused', code: 'token_malformed' };
      assert.throws(() => each.verify(token as never), refused, typeof token);
    }
  }
});

test('the case of header names does not matter, and two spellings are two headers', async () => {
  const key = generateSigningKey('ES256');
  const guard = createGuard({ keys: key.publicKey, clock, origins: ['https://app.example'] });
  const token = sign(key);
  const authorization = `Bearer ${token}`;
  const cookie = `__Host-latchkey_access=${token}`;
  const accepted: object[] = [
    { Authorization: authorization },
    { AUTHORIZATION: [authorization], authorization: undefined },
    { aUTHORIZATION: authorization, Host: 'x' },
    { Cookie: cookie, Origin: 'https://app.example' },
    { COOKIE: ['a=b', cookie], 'Sec-Fetch-Site': 'same-origin' },
  ];
  for (const headers of accepted) {
    const request = { method: 'POST', headers: { ...headers } };
    assert.equal((await guard.authenticate(request)).sub, 'alice', Object.keys(headers).join());
  }
  const refused: [object, string][] = [
    [{ Authorization: authorization, authorization }, 'multiple_credentials'],
    [{ AUTHORIZATION: authorization, Authorization: 'Bearer x' }, 'multiple_credentials'],
    [{ Authorization: authorization, Cookie: cookie }, 'multiple_credentials'],
    [{ Cookie: cookie, cookie, Origin: 'https://app.example' }, 'multiple_credentials'],
    [{ Cookie: cookie, Origin: 'https://attacker.example' }, 'cross_site_request'],
    [
      { Cookie: cookie, Origin: 'https://app.example', origin: 'https://attacker.example' },
      'cross_site_request',
    ],
    [{ Cookie: cookie, Upgrade: 'websocket' }, 'cross_site_request'],
    [{ Authorization: 5 }, 'token_missing'],
  ];
  for (const [headers, code] of refused) {
    for (const method of code === 'cross_site_request' ? ['POST'] : ['GET', 'POST']) {
      const request = { method, headers: { ...headers } };
      assert.throws(() => guard.authenticate(request), { code }, Object.keys(headers).join());
    }
  }
  const upgrade = { method: 'GET', headers: { Cookie: cookie, Upgrade: 'websocket' } };
  assert.throws(() => guard.authenticate(upgrade), { code: 'cross_site_request' });
});

test('only the configured origins may use the cookie', async () => {
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
  const ofApps = createGuard({ keys: key.publicKey, clock, origins: ['tauri://localhost'] });
  assert.equal((await ofApps.authenticate(ask('tauri://localhost'))).sub, 'alice');
  assert.throws(() => ofApps.authenticate(ask('tauri://localhost2')), {
    code: 'cross_site_request',
  });
  for (const origin of [
    'app.example',
    'https://app.example/',
    '*',
    'htps://app.example',
    'file://x',
  ]) {
    assert.throws(() => createGuard({ keys: key.publicKey, origins: [origin] }), {
      setting: 'origins',
    });
  }
});

test('a guard with keys is ready from the start, and has nothing to close', async () => {
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

test('an error of the guard becomes a response, and any other is thrown', async () => {
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
