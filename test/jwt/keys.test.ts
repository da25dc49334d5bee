import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Algorithm } from '../../src/jwt/algorithms.ts';
import {
  generateSigningKey,
  importSigningKey,
  importVerificationKey,
} from '../../src/jwt/keys/import-keys.ts';
import { exportPrivateJwk, toPublicJwk } from '../../src/jwt/keys/jwk.ts';
import type { KeyMaterial } from '../../src/jwt/keys/key-material.ts';
import { KeyRefused } from '../../src/kernel/errors.ts';
import { algorithms, keyFor } from './support.ts';

const pem = (key: KeyObject, type: 'pkcs8' | 'spki' | 'pkcs1' | 'sec1') =>
  key.type === 'private' && type !== 'spki'
    ? key.export({ format: 'pem', type }).toString()
    : key.export({ format: 'pem', type: type === 'pkcs1' ? 'pkcs1' : 'spki' }).toString();
const base64 = (text: string) => Buffer.from(text).toString('base64');

const rsa = keyFor('RS256');
const ec = keyFor('ES256');
const ed = keyFor('EdDSA');

test('generated keys fit their algorithm', () => {
  const made = (algorithm: Algorithm) => generateSigningKey(algorithm).privateKey;
  assert.equal(made('RS384').asymmetricKeyDetails?.modulusLength, 3072);
  assert.equal(rsa.privateKey.asymmetricKeyDetails?.modulusLength, 2048);
  assert.equal(made('ES384').asymmetricKeyDetails?.namedCurve, 'secp384r1');
  assert.equal(made('EdDSA').asymmetricKeyType, 'ed25519');
  assert.equal(made('HS256').symmetricKeySize, 32);
  assert.equal(made('HS384').symmetricKeySize, 48);
  assert.equal(made('HS512').symmetricKeySize, 64);
});

/** One PEM text as people come to have it. */
function copies(text: string): Record<string, string> {
  const [first = '', ...lines] = text.trim().split('\n');
  const attributes =
    'Bag Attributes\n    friendlyName: latchkey\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n';
  return {
    'in quotes that docker kept': `"${text}"`,
    'in single quotes': `'${text.trim()}'`,
    'with a quote at one end': `"${text}`,
    'with written CRLF': text.replaceAll('\n', '\\r\\n'),
    'with written line ends in quotes': `"${text.replaceAll('\n', '\\n')}"`,
    'with written and real line ends': text.replaceAll('\n', '\\n\n'),
    'with a byte order mark': `\ufeff${text}`,
    'on one line with spaces': text.trim().replaceAll('\n', ' '),
    'on one line': `${first}${lines.join('')}`,
    indented: text.replaceAll(/^/gm, '    '),
    'with blank lines': text.replaceAll('\n', '\n\n'),
    'below bag attributes': `${attributes}${text}`,
    'below bag attributes with CRLF': `${attributes}${text}`.replaceAll('\n', '\r\n'),
    'below a comment': `# the key of production\n${text}`,
    'behind a named curve': `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${text}`,
  };
}

const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

const privateForms: [string, Algorithm, KeyMaterial, KeyObject][] = [
  ['PKCS #8 PEM', 'RS256', pem(rsa.privateKey, 'pkcs8'), rsa.privateKey],
  ['PKCS #1 PEM', 'PS512', pem(rsa.privateKey, 'pkcs1'), rsa.privateKey],
  ['SEC 1 PEM', 'ES256', pem(ec.privateKey, 'sec1'), ec.privateKey],
  ['base64 of PEM', 'EdDSA', base64(pem(ed.privateKey, 'pkcs8')), ed.privateKey],
  [
    'base64 of PEM in lines',
    'RS256',
    base64(pem(rsa.privateKey, 'pkcs8')).replace(/.{64}/g, '$&\n'),
    rsa.privateKey,
  ],
  [
    'PEM with written line ends',
    'ES256',
    pem(ec.privateKey, 'pkcs8').replaceAll('\n', '\\n'),
    ec.privateKey,
  ],
  [
    'PEM with CRLF and space around',
    'ES256',
    ` \r\n${pem(ec.privateKey, 'pkcs8').replaceAll('\n', '\r\n')} `,
    ec.privateKey,
  ],
  ...Object.entries(copies(pem(ec.privateKey, 'pkcs8'))).map(
    ([name, text]): [string, Algorithm, KeyMaterial, KeyObject] => [
      `PEM ${name}`,
      'ES256',
      text,
      ec.privateKey,
    ],
  ),
  ['base64 of PEM in quotes', 'ES256', `"${base64(pem(ec.privateKey, 'pkcs8'))}"`, ec.privateKey],
  [
    'base64 of PEM on one line',
    'ES256',
    base64(copies(pem(ec.privateKey, 'pkcs8'))['on one line with spaces'] ?? ''),
    ec.privateKey,
  ],
  ['JSON of a JWK in quotes', 'EdDSA', `'${JSON.stringify(exportPrivateJwk(ed))}'`, ed.privateKey],
  ['PEM as bytes', 'ES256', Buffer.from(pem(ec.privateKey, 'pkcs8')), ec.privateKey],
  ['a JWK', 'ES256', exportPrivateJwk(ec), ec.privateKey],
  ['JSON of a JWK', 'EdDSA', JSON.stringify(exportPrivateJwk(ed), null, 2), ed.privateKey],
  [
    'base64 of JSON of a JWK',
    'RS256',
    base64(JSON.stringify(exportPrivateJwk(rsa))),
    rsa.privateKey,
  ],
  ['a KeyObject', 'RS512', rsa.privateKey, rsa.privateKey],
];

for (const [name, algorithm, material, expected] of privateForms) {
  if (algorithm === 'PS512' || algorithm === 'RS512') {
    test(`reads ${name} for another algorithm of its family`, () => {
      assert.ok(importSigningKey(material, algorithm).privateKey.equals(expected));
    });
    continue;
  }
  test(`reads ${name} to sign, and its public half to verify`, () => {
    const key = importSigningKey(material, algorithm);
    assert.ok(key.privateKey.equals(expected));
    assert.equal(key.kid, keyFor(algorithm).kid);
    const verification = importVerificationKey(material, algorithm);
    assert.equal(verification.key.type, 'public');
    assert.ok(verification.key.equals(key.publicKey));
    assert.equal(verification.kid, key.kid);
  });
}

for (const [name, algorithm, material] of [
  ['SPKI PEM', 'RS256', pem(rsa.publicKey, 'spki')],
  ['PKCS #1 PEM', 'RS256', pem(rsa.publicKey, 'pkcs1')],
  ['base64 of PEM', 'ES256', base64(pem(ec.publicKey, 'spki'))],
  ['a JWK', 'EdDSA', { ...toPublicJwk(ed) }],
  ['a KeyObject', 'ES256', ec.publicKey],
] as const) {
  test(`reads a public key from ${name}, and refuses to sign with it`, () => {
    const key = importVerificationKey(material, algorithm);
    assert.ok(key.key.equals(keyFor(algorithm).publicKey));
    assert.equal(key.kid, keyFor(algorithm).kid);
    assert.throws(() => importSigningKey(material, algorithm), { code: 'wrong_key_type' });
  });
}

test('a secret is the UTF-8 bytes of a text, or the given bytes', () => {
  const text = 'Zürich-lake-swims-at-dawn-in-november';
  const key = importSigningKey(text, 'HS256');
  assert.deepEqual(key.privateKey.export(), Buffer.from(text));
  assert.equal(importSigningKey(Buffer.from(text), 'HS256').kid, key.kid);
  assert.ok(!key.kid.includes(text.slice(0, 4)));
});

test('a secret that the caller erases after the import still signs', () => {
  const bytes = randomBytes(32);
  const before = Buffer.from(bytes);
  const key = importSigningKey(bytes, 'HS256');
  bytes.fill(0);
  assert.deepEqual(key.privateKey.export(), before);
});

test('the kid is the given one, else that of the JWK, else computed from the key', () => {
  const jwk = { ...exportPrivateJwk(ec), kid: 'from-jwk' };
  assert.equal(importSigningKey(jwk, 'ES256', 'asked').kid, 'asked');
  assert.equal(importSigningKey(jwk, 'ES256').kid, 'from-jwk');
  assert.equal(importVerificationKey(jwk, 'ES256').kid, 'from-jwk');
  for (const kid of ['', 'a b', 'a\n', 'é', 'x'.repeat(129)]) {
    assert.throws(() => importSigningKey(jwk, 'ES256', kid), { code: 'invalid_key' });
  }
});

const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const smallExponent = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
const x25519 = generateKeyPairSync('x25519');
const encrypted = ec.privateKey
  .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const encryptedSec1 = ec.privateKey
  .export({ format: 'pem', type: 'sec1', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const ecJwk = exportPrivateJwk(ec);
const oct = (secret: Uint8Array) => ({ kty: 'oct', k: Buffer.from(secret).toString('base64url') });

const refused: [string, Algorithm, unknown, KeyRefused['code'], RegExp][] = [
  ['an empty secret', 'HS256', '', 'weak_key', /0 bytes.*at least 32/],
  ['31 bytes', 'HS256', randomBytes(31), 'weak_key', /openssl rand/],
  ['47 bytes for HS384', 'HS384', randomBytes(47), 'weak_key', /at least 48/],
  ['63 bytes for HS512', 'HS512', randomBytes(63), 'weak_key', /at least 64/],
  ['a short oct JWK', 'HS256', oct(randomBytes(16)), 'weak_key', /at least 32/],
  [
    'an oct JWK for another algorithm',
    'HS256',
    { ...oct(randomBytes(64)), alg: 'HS512' },
    'wrong_key_type',
    /"alg"/,
  ],
  ['an oct JWK without k', 'HS256', { kty: 'oct' }, 'wrong_key_type', /shared secret/],
  ['one letter', 'HS256', 'a'.repeat(64), 'weak_key', /repeats/],
  ['zeros', 'HS256', Buffer.alloc(32), 'weak_key', /repeats/],
  ['a word repeated', 'HS256', 'correct-horse!'.repeat(3), 'weak_key', /repeats/],
  ['16 digits twice', 'HS256', '0123456789abcdef'.repeat(2), 'weak_key', /repeats/],
  ['16 characters twice', 'HS256', 'q7ZpL2vXc9TfKd4W'.repeat(2), 'weak_key', /repeats/],
  ['six different bytes', 'HS256', 'qZ7pLvvL7pqZLvZ7pqvZLq7pLZvqp7Zq', 'weak_key', /repeats/],
  [
    'an alphabet after a few random characters',
    'HS256',
    'q7ZpL2vXabcdefghijklmnopqrstuvwxyz012345',
    'weak_key',
    /repeats/,
  ],
  [
    'the alphabet',
    'HS256',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    'weak_key',
    /repeats|well-known/,
  ],
  [
    'counting bytes',
    'HS256',
    Uint8Array.from({ length: 32 }, (_, at) => at),
    'weak_key',
    /repeats/,
  ],
  [
    "a framework's documented example",
    'HS256',
    '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
    'weak_key',
    /well-known/,
  ],
  [
    'the same in capitals',
    'HS256',
    '09D25E094FAA6CA2556C818166B7A9563B93F7099F6F0F4CAA6CF63B88E8D3E7',
    'weak_key',
    /well-known/,
  ],
  [
    'a placeholder of exactly 32 bytes',
    'HS256',
    'your-256-bit-secret-your-256-bit',
    'weak_key',
    /repeats|well-known/,
  ],
  ['a placeholder', 'HS256', 'a-string-secret-at-least-256-bits-long', 'weak_key', /placeholder/],
  [
    'a plea',
    'HS256',
    'please-change-this-super-secret-key-in-production',
    'weak_key',
    /placeholder/,
  ],
  [
    'a plea in camel case',
    'HS256',
    'ThisIsMyVerySecretJwtSigningKeyForDevelopment123',
    'weak_key',
    /placeholder/,
  ],
  ['a keyboard row', 'HS256', 'qwertyuiopasdfghjklzxcvbnm123456', 'weak_key', /well-known/],
  [
    'a public PEM as the secret',
    'HS256',
    pem(rsa.publicKey, 'spki'),
    'wrong_key_type',
    /everyone who has the public half/,
  ],
  [
    'a private PEM as the secret',
    'HS256',
    pem(rsa.privateKey, 'pkcs8'),
    'wrong_key_type',
    /key pair/,
  ],
  [
    'base64 of a PEM as the secret',
    'HS256',
    base64(pem(ec.publicKey, 'spki')),
    'wrong_key_type',
    /key pair/,
  ],
  [
    'PEM with space before as the secret',
    'HS256',
    `\n ${pem(ec.publicKey, 'spki')}`,
    'wrong_key_type',
    /key pair/,
  ],
  [
    'PEM bytes as the secret',
    'HS256',
    Buffer.from(pem(ec.publicKey, 'spki')),
    'wrong_key_type',
    /key pair/,
  ],
  [
    'public DER as the secret',
    'HS256',
    rsa.publicKey.export({ format: 'der', type: 'spki' }),
    'wrong_key_type',
    /key pair/,
  ],
  [
    'base64 of public DER as the secret',
    'HS256',
    rsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    'wrong_key_type',
    /key pair/,
  ],
  [
    'a public JWK as the secret',
    'HS256',
    { ...toPublicJwk(rsa) },
    'wrong_key_type',
    /shared secret/,
  ],
  [
    'JSON of a public JWK as the secret',
    'HS256',
    JSON.stringify(toPublicJwk(rsa)),
    'wrong_key_type',
    /shared secret/,
  ],
  [
    'an SSH public key as the secret',
    'HS256',
    `ssh-ed25519 ${base64(randomBytes(51).toString('hex'))} me@host`,
    'wrong_key_type',
    /key pair/,
  ],
  ['a public KeyObject as the secret', 'HS256', rsa.publicKey, 'wrong_key_type', /shared secret/],
  ['RSA of 1024 bits', 'RS256', pem(weakRsa.privateKey, 'pkcs8'), 'weak_key', /1024 bits.*2048/],
  [
    'RSA of 1024 bits as a JWK',
    'PS256',
    weakRsa.privateKey.export({ format: 'jwk' }),
    'weak_key',
    /1024 bits/,
  ],
  ['RSA with exponent 3', 'RS256', smallExponent.privateKey, 'weak_key', /exponent/],
  ['RSA bound to PSS', 'PS256', pss.privateKey, 'wrong_key_type', /an RSA key/],
  ['an EC key for RS256', 'RS256', pem(ec.privateKey, 'pkcs8'), 'wrong_key_type', /an RSA key/],
  ['an RSA key for ES256', 'ES256', pem(rsa.privateKey, 'pkcs8'), 'wrong_key_type', /P-256/],
  ['P-256 for ES384', 'ES384', pem(ec.privateKey, 'pkcs8'), 'wrong_key_type', /P-384/],
  ['secp256k1 for ES256', 'ES256', otherCurve.privateKey, 'wrong_key_type', /P-256/],
  ['X25519 for EdDSA', 'EdDSA', x25519.privateKey, 'wrong_key_type', /Ed25519/],
  [
    'an Ed25519 key for ES256',
    'ES256',
    exportPrivateJwk({ ...ed, algorithm: 'ES256' }),
    'wrong_key_type',
    /P-256/,
  ],
  ['a secret for ES256', 'ES256', oct(randomBytes(32)), 'wrong_key_type', /key pair/],
  [
    'a secret KeyObject for RS256',
    'RS256',
    keyFor('HS256').privateKey,
    'wrong_key_type',
    /private key/,
  ],
  ['an encrypted PEM', 'ES256', encrypted, 'invalid_key', /passphrase.*openssl pkey/],
  ['an encrypted PEM of the old form', 'ES256', encryptedSec1, 'invalid_key', /passphrase/],
  ['base64 of an encrypted PEM', 'ES256', base64(encrypted), 'invalid_key', /passphrase/],
  [
    'a certificate',
    'RS256',
    '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    'wrong_key_type',
    /openssl x509/,
  ],
  [
    'a key with a certificate chain',
    'ES256',
    pem(ec.privateKey, 'pkcs8') + certificate + certificate,
    'invalid_key',
    /a key and 2 certificates\. Give only the key: the part from -----BEGIN PRIVATE KEY-----/,
  ],
  [
    'a certificate above its key',
    'ES256',
    `${certificate}${pem(ec.privateKey, 'sec1')}`,
    'invalid_key',
    /a key and 1 certificate\. .*BEGIN EC PRIVATE KEY/,
  ],
  [
    'two keys',
    'ES256',
    pem(ec.privateKey, 'pkcs8') + pem(ec.publicKey, 'spki'),
    'invalid_key',
    /2 keys \(PRIVATE KEY, PUBLIC KEY\)/,
  ],
  [
    'a PEM with an ellipsis',
    'ES256',
    pem(ec.privateKey, 'pkcs8').replace(/\n(.{20}).*/, '\n$1\u2026'),
    'invalid_key',
    /a character that does not belong in it \(U\+2026\)/,
  ],
  [
    'a PEM that lost a dash',
    'ES256',
    pem(ec.privateKey, 'pkcs8').slice(1),
    'invalid_key',
    /five dashes on both sides/,
  ],
  [
    'a PEM of two halves',
    'ES256',
    pem(ec.privateKey, 'pkcs8').replace('END PRIVATE', 'END PUBLIC'),
    'invalid_key',
    /begins as PRIVATE KEY and ends as PUBLIC KEY/,
  ],
  [
    'an OpenSSH key',
    'EdDSA',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n',
    'invalid_key',
    /ssh-keygen/,
  ],
  ['a PEM cut short', 'ES256', pem(ec.privateKey, 'pkcs8').slice(0, 120), 'invalid_key', /whole/],
  [
    'a PEM of noise',
    'ES256',
    '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
    'invalid_key',
    /damaged/,
  ],
  ['a word', 'ES256', 'key', 'invalid_key', /PEM/],
  ['nothing', 'ES256', '', 'invalid_key', /PEM/],
  ['bytes that are no text', 'ES256', Buffer.from([0xff, 0xfe]), 'invalid_key', /PEM/],
  [
    'a JWK without its parts',
    'ES256',
    { kty: 'EC', crv: 'P-256', d: 'AA' },
    'invalid_key',
    /damaged/,
  ],
  [
    'a JWK of two RSA keys',
    'RS256',
    { ...otherRsa.privateKey.export({ format: 'jwk' }), n: toPublicJwk(rsa).n },
    'invalid_key',
    /damaged/,
  ],
  [
    'a JWK of two Ed25519 keys',
    'EdDSA',
    { ...exportPrivateJwk(ed), d: exportPrivateJwk(generateSigningKey('EdDSA')).d },
    'invalid_key',
    /damaged/,
  ],
  [
    'a JWK of two keys',
    'ES256',
    { ...ecJwk, d: exportPrivateJwk(generateSigningKey('ES256')).d },
    'invalid_key',
    /damaged/,
  ],
  [
    'a JWK to encrypt with',
    'ES256',
    { ...ecJwk, use: 'enc' },
    'wrong_key_type',
    /not meant to sign/,
  ],
  [
    'a JWK that only verifies',
    'ES256',
    { ...ecJwk, key_ops: ['verify'] },
    'wrong_key_type',
    /not meant to sign/,
  ],
  [
    'JSON of a JWK that names a member twice',
    'ES256',
    JSON.stringify(ecJwk).replace('{', '{"d":"AA",'),
    'invalid_key',
    /PEM/,
  ],
];

for (const [name, algorithm, material, code, message] of refused) {
  test(`refuses to sign ${algorithm} with ${name}`, () => {
    assert.throws(
      () => importSigningKey(material as KeyMaterial, algorithm),
      (error) => {
        assert.ok(error instanceof KeyRefused, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        const secret = typeof material === 'string' ? material : JSON.stringify(material);
        for (const part of secret.match(/[\w+/-]{12,}/g) ?? []) {
          assert.ok(!error.message.includes(part), 'the message quotes the key');
        }
        return true;
      },
    );
  });
}

test('an unknown algorithm is refused', () => {
  for (const algorithm of ['none', 'HS1', 'toString', '__proto__', '', 'es256']) {
    assert.throws(() => importSigningKey('x'.repeat(32), algorithm as Algorithm), {
      code: 'wrong_key_type',
    });
  }
});

test('weak keys are refused for verification too', () => {
  for (const [, algorithm, material, code] of refused.filter(
    ([, , , refusal]) => refusal === 'weak_key',
  )) {
    assert.throws(() => importVerificationKey(material as KeyMaterial, algorithm), { code });
  }
});

test('random secrets are never mistaken for placeholders, keys, paths or addresses', () => {
  for (let run = 0; run < 1000; run++) {
    const bytes = randomBytes(48);
    const digits = Array.from(bytes, (byte) => byte % 10).join('');
    const printable = Array.from(bytes, (byte) => String.fromCharCode(33 + (byte % 94))).join('');
    const forms = [
      bytes,
      bytes.toString('hex'),
      bytes.toString('base64url'),
      bytes.toString('base64'),
      `/${bytes.toString('base64')}`,
      digits,
      printable,
      `{${printable}}`,
    ];
    for (const form of forms) importSigningKey(form, 'HS256');
    importSigningKey(bytes.toString('hex').slice(0, 32), 'HS256');
  }
});

test('a secret of seven different bytes is accepted', () => {
  importSigningKey('qZ7pLvxL7pqZLvZ7pqvxLq7pLZvqp7Zq', 'HS256');
});

test('a passphrase of ordinary words is accepted', () => {
  importSigningKey('marmalade wintry tractor obelisk 7 fjord', 'HS256');
  importSigningKey('weekend at a private lake, begin: public swim', 'HS256');
  importSigningKey('correct.horse.battery.staple.swims', 'HS256');
  importSigningKey('K9#vR!xP2@mQ7$wL5^tZ8&nB3*cJ6%hF', 'HS256');
});

test('each algorithm has its own kind of key id', () => {
  for (const algorithm of algorithms) assert.match(keyFor(algorithm).kid, /^[\w-]{22,43}$/);
});
