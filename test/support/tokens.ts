import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import type { Algorithm } from '../../src/jwt/algorithms.ts';
import type { SigningKey } from '../../src/jwt/keys/key-types.ts';
import type { TokenErrorCode } from '../../src/kernel/errors.ts';

/** A token that must be refused, and with which code. */
export interface TokenAttack {
  readonly name: string;
  /** Visible ASCII without quotes, commas, semicolons and backslashes: fit for a header and a cookie. */
  readonly token: string;
  readonly code: TokenErrorCode;
}

/** Base64url of a text, of bytes, or of the JSON of anything else. */
export function encode(value: string | Uint8Array | object): string {
  if (typeof value === 'string' || value instanceof Uint8Array) {
    return Buffer.from(value).toString('base64url');
  }
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/**
 * Signs any two segments with any key, well-formed or not. Written on `node:crypto` alone, so that it does
 * not share a mistake with what it tests.
 */
export function signSegments(
  key: { algorithm: Algorithm; privateKey: KeyObject },
  header: string,
  payload: string,
): string {
  const input = `${header}.${payload}`;
  return `${input}.${signBytes(key, input).toString('base64url')}`;
}

function signBytes(
  { algorithm, privateKey: key }: { algorithm: Algorithm; privateKey: KeyObject },
  input: string,
): Buffer {
  const digest = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(input);
  switch (algorithm.slice(0, 2)) {
    case 'HS':
      return createHmac(digest, key).update(data).digest();
    case 'RS':
      return sign(digest, data, key);
    case 'PS':
      return sign(digest, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' });
    default:
      return sign(null, data, key);
  }
}

/**
 * The attacks on a verifier that are known by name, made from a token that it accepts and the key that
 * signed it. None of them may be accepted anywhere, by header, cookie or body.
 */
export function tokenAttacks({ token, key }: { token: string; key: SigningKey }): TokenAttack[] {
  return [
    ...brokenShapes(token),
    ...foreignHeaders(token, key),
    ...foreignSignatures(token, key),
    ...foreignPayloads(token, key),
    ...signedNonsense(token, key),
  ];
}

/** Replaces the character at `at` (from the end where negative) by another of the alphabet. */
function flip(text: string, at: number): string {
  const index = at < 0 ? text.length + at : at;
  return `${text.slice(0, index)}${text[index] === 'A' ? 'B' : 'A'}${text.slice(index + 1)}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Another spelling of the same bytes, with bits set that decoding drops; undefined where there are none. */
function withTrailingBits(segment: string): string | undefined {
  if (segment.length % 4 === 0) return undefined;
  const last = ALPHABET.indexOf(segment.slice(-1));
  return `${segment.slice(0, -1)}${ALPHABET[last + 1]}`;
}

function partsOf(token: string): [string, string, string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
}

function brokenShapes(token: string): TokenAttack[] {
  const [header, payload, signature] = partsOf(token);
  const malformed = {
    'a word': 'token',
    'one dot': '.',
    'two dots': '..',
    'no signature part': `${header}.${payload}`,
    'an empty header': `.${payload}.${signature}`,
    'a dot before': `.${token}`,
    'a dot after': `${token}.`,
    'a fourth part': `${token}.${signature}`,
    'five parts, as encrypted tokens have': `${token}.${payload}.${signature}`,
    'two tokens in one': `${token}.${token}`,
    'longer than any token': `${header}.${'A'.repeat(8192)}.${signature}`,
  };
  return Object.entries(malformed).map(([name, text]) => attack(name, text, 'token_malformed'));
}

function attack(name: string, token: string, code: TokenErrorCode): TokenAttack {
  return { name, token, code };
}

/** Headers other than ours, each rightly signed by someone. */
function foreignHeaders(token: string, key: SigningKey): TokenAttack[] {
  const [header, payload, signature] = partsOf(token);
  const own: Record<string, unknown> = JSON.parse(Buffer.from(header, 'base64url').toString());
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const strangers = { algorithm: 'ES256' as const, privateKey: stranger.privateKey };
  const jwk = stranger.publicKey.export({ format: 'jwk' });
  const untrusted: Record<string, string> = {};

  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, ['none'], 0]) {
    const name = `alg ${JSON.stringify(alg)}`;
    untrusted[`${name}, no signature`] = `${encode({ ...own, alg })}.${payload}.`;
    untrusted[`${name}, the old signature`] = `${encode({ ...own, alg })}.${payload}.${signature}`;
  }
  for (const [name, secret] of publicTexts(key)) {
    for (const alg of ['HS256', 'HS384', 'HS512'] as const) {
      const forged = macWith(secret, alg, encode({ ...own, alg }), payload);
      untrusted[`${alg} with ${name} as the secret`] = forged;
    }
  }
  const strangersHeaders = {
    'a key of its own in jwk': { jwk },
    'a key of its own at jku': { jku: 'http://127.0.0.1:9/jwks.json' },
    'a key of its own at x5u': { x5u: 'http://127.0.0.1:9/cert.pem' },
    'a certificate of its own in x5c': { x5c: ['MIIB'] },
    'an unknown kid': { kid: 'stranger' },
    'no kid': { kid: undefined },
  };
  for (const [name, members] of Object.entries(strangersHeaders)) {
    const forged = { ...own, alg: 'ES256', ...members };
    untrusted[name] = signSegments(strangers, encode(forged), payload);
  }
  for (const kid of [
    '../../../../dev/null',
    '/dev/null',
    "' OR '1'='1",
    "x' UNION SELECT 'secret",
    '$(sleep 5)',
    '\0',
    '__proto__',
    'constructor',
    '',
    0,
    null,
    [own['kid']],
    { $ne: null },
  ]) {
    const forged = encode({ ...own, alg: 'HS256', kid });
    untrusted[`kid ${JSON.stringify(kid)}, an empty secret`] = macWith(
      '',
      'HS256',
      forged,
      payload,
    );
    const signed = signSegments(key, encode({ ...own, kid }), payload);
    untrusted[`kid ${JSON.stringify(kid)}, the right key`] = signed;
  }
  for (const [name, changed] of Object.entries({
    'crit that names nothing known': { ...own, crit: ['exp'] },
    'b64 false': { ...own, b64: false, crit: ['b64'] },
    'zip of the payload': { ...own, zip: 'DEF' },
    'the right key also in jku': { ...own, jku: 'http://127.0.0.1:9/jwks.json' },
    'typ JWT': { ...own, typ: 'JWT' },
    'typ of a refresh token': { ...own, typ: own['typ'] === 'rt+jwt' ? 'at+jwt' : 'rt+jwt' },
    'typ in capitals': { ...own, typ: String(own['typ']).toUpperCase() },
    'typ in full': { ...own, typ: `application/${own['typ']}` },
    'no typ': { ...own, typ: undefined },
    'members in another order': Object.fromEntries(Object.entries(own).reverse()),
  })) {
    untrusted[`${name}, the right key`] = signSegments(key, encode(changed), payload);
  }
  const text = JSON.stringify(own);
  for (const [name, segment] of Object.entries({
    'a space in the header': encode(text.replace(':', ': ')),
    'alg twice in the header': encode(text.replace('{', '{"alg":"none",')),
    'a byte order mark before the header': encode(`\uFEFF${text}`),
    'a header that is padded': `${header}=`,
    'a header with trailing bits': withTrailingBits(header) ?? `${header}A`,
    'a header cut short': header.slice(0, -1),
    'a header that is no JSON': encode('header'),
    'a header that is no base64': 'a*b',
  })) {
    untrusted[`${name}, the right key`] = signSegments(key, segment, payload);
  }
  return Object.entries(untrusted).map(([name, text]) =>
    // With an HMAC key the header of a guessed secret is the right one, and only the secret is wrong.
    attack(name, text, text.startsWith(`${header}.`) ? 'token_bad_signature' : 'token_untrusted'),
  );
}

/** What anyone can get hold of and try as a secret. */
function publicTexts(key: SigningKey): [name: string, secret: string | Buffer][] {
  if (key.publicKey.type === 'secret') return [['nothing', '']];
  const pem = key.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return [
    ['the public PEM', pem],
    ['the public PEM without its last line end', pem.trim()],
    ['the public DER', key.publicKey.export({ format: 'der', type: 'spki' })],
    ['the public JWK', JSON.stringify(key.publicKey.export({ format: 'jwk' }))],
    ['the kid', key.kid],
  ];
}

function macWith(secret: string | Buffer, alg: string, header: string, payload: string): string {
  const input = `${header}.${payload}`;
  const mac = createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url');
  return `${input}.${mac}`;
}

/** Signatures that are not the one the issuer made. */
function foreignSignatures(token: string, key: SigningKey): TokenAttack[] {
  const [header, payload, signature] = partsOf(token);
  const bytes = Buffer.from(signature, 'base64url');
  const signatures: Record<string, string> = {
    'an empty signature': '',
    'the first character of the signature changed': flip(signature, 0),
    'the middle of the signature changed': flip(signature, signature.length >> 1),
    'the signature cut by one character': signature.slice(0, -1),
    'the signature cut to half': signature.slice(0, signature.length >> 1),
    'a character after the signature': `${signature}A`,
    'four characters after the signature': `${signature}AAAA`,
    'the signature twice': signature + signature,
    'the signature padded': `${signature}=`,
    'the signature padded twice': `${signature}==`,
    'a plus in the signature': `${signature.slice(0, -1)}+`,
    // An ECDSA verifier that forgets to look for zeros accepts this for anything (CVE-2022-21449).
    'a signature of zeros': encode(new Uint8Array(bytes.length)),
    'a signature of ones': encode(new Uint8Array(bytes.length).fill(255)),
    'the signature in hexadecimal': bytes.toString('hex'),
    'the payload as the signature': payload,
  };
  const trailing = withTrailingBits(signature);
  if (trailing !== undefined) signatures['trailing bits in the signature'] = trailing;
  if (signature !== bytes.toString('base64')) {
    signatures['the signature in plain base64'] = bytes.toString('base64');
  }
  if (key.algorithm.startsWith('ES')) {
    const digest = `sha${key.algorithm.slice(2)}`;
    const der = sign(digest, Buffer.from(`${header}.${payload}`), key.privateKey);
    signatures['the signature in DER'] = encode(der);
  }
  if (key.algorithm === 'EdDSA') signatures['s plus the order'] = encode(addOrder(bytes));
  const other = signBytes(strangerLike(key), `${header}.${payload}`);
  signatures['the signature of another key of this kind'] = encode(other);
  return Object.entries(signatures).map(([name, changed]) =>
    attack(name, `${header}.${payload}.${changed}`, 'token_bad_signature'),
  );
}

/** An Ed25519 signature whose second half is no longer the smallest of its class: RFC 8032 section 5.1.7. */
function addOrder(signature: Buffer): Buffer {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
  const half = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([signature.subarray(0, 32), half]);
}

const strangers = new Map<string, KeyObject>();

function strangerLike(key: SigningKey): { algorithm: Algorithm; privateKey: KeyObject } {
  const kind = key.privateKey.asymmetricKeyType ?? 'secret';
  const curve = key.privateKey.asymmetricKeyDetails?.namedCurve ?? '';
  const known = strangers.get(kind + curve) ?? createStranger(kind, curve, key.privateKey);
  strangers.set(kind + curve, known);
  return { algorithm: key.algorithm, privateKey: known };
}

function createStranger(kind: string, namedCurve: string, secret: KeyObject): KeyObject {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve }).privateKey;
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  const bytes = secret.export();
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1);
  return createSecretKey(bytes);
}

/** Payloads the signature is not over. */
function foreignPayloads(token: string, key: SigningKey): TokenAttack[] {
  const [header, payload, signature] = partsOf(token);
  const text = Buffer.from(payload, 'base64url').toString();
  const claims: Record<string, unknown> = JSON.parse(text);
  const own = { ...claims, jti: 'AAAAAAAAAAAAAAAAAAAA.0' };
  const otherSignature = signSegments(key, header, encode(own)).split('.')[2];
  const payloads: Record<string, string> = {
    'an empty payload': '',
    'the first character of the payload changed': flip(payload, 0),
    'the last character of the payload changed': flip(payload, -1),
    'the payload cut': payload.slice(0, -2),
    'the payload extended': `${payload}AA`,
    'the payload padded': `${payload}=`,
    'a role added': encode({ ...claims, roles: ['admin', 'root'] }),
    'a later expiry': encode({ ...claims, exp: 253402300799 }),
    'another subject': encode({ ...claims, sub: 'somebody-else' }),
    'the payload with a space in it': encode(text.replace(':', ': ')),
    'header and payload swapped': header,
  };
  return [
    ...Object.entries(payloads).map(([name, changed]) =>
      attack(name, `${header}.${changed}.${signature}`, 'token_bad_signature'),
    ),
    attack(
      'the signature of another token by this key',
      `${header}.${payload}.${otherSignature}`,
      'token_bad_signature',
    ),
  ];
}

/** What an issuer that went wrong, or was tricked, might sign with the right key. */
function signedNonsense(token: string, key: SigningKey): TokenAttack[] {
  const [header, payload] = partsOf(token);
  const bytes = Buffer.from(payload, 'base64url');
  const text = bytes.toString();
  const claims: Record<string, unknown> = JSON.parse(text);
  const signed = (segment: string) => signSegments(key, header, segment);
  const without = (name: string) => encode({ ...claims, [name]: undefined });
  const withNumber = (name: string, number: string) =>
    encode(JSON.stringify({ ...claims, [name]: 123456789 }).replace('123456789', number));

  const invalid: Record<string, string> = {
    'an empty payload': '',
    'a payload that is no JSON': encode('claims'),
    'a payload that is an array': encode([claims]),
    'a payload that is a string': encode(JSON.stringify('claims')),
    'a payload that is null': encode('null'),
    'a payload cut short': encode(text.slice(0, -1)),
    'a payload and more': encode(`${text}{}`),
    'a byte order mark before the payload': encode(`\uFEFF${text}`),
    'bytes that are not UTF-8': encode(Buffer.from(text.replace('{', '{"x":"\xff",'), 'latin1')),
    'half of a surrogate pair': encode(text.replace('{', '{"x":"\\ud800",')),
    'sub twice': encode(text.replace('{', '{"sub":"root",')),
    'sub twice, once escaped': encode(text.replace('{', '{"\\u0073ub":"root",')),
    'a member twice, deep within': encode(text.replace('{', '{"x":[{"y":{"z":1,"z":2}}],')),
    'a __proto__ member': encode(text.replace('{', '{"__proto__":{"roles":["admin"]},')),
    'a nest 1,000 deep': encode(text.replace('{', `{"x":${'['.repeat(1000)}${']'.repeat(1000)},`)),
    'a payload that is padded': `${payload}=`,
    'a payload in plain base64': `${bytes.toString('base64').replace(/=*$/, '')}+/==`,
    'a payload with trailing bits': withTrailingBits(payload) ?? encode(`${text} `).slice(0, -1),
  };
  for (const claim of ['exp', 'iat', 'iss', 'aud', 'sub']) invalid[`no ${claim}`] = without(claim);
  for (const claim of ['exp', 'iat', 'nbf']) {
    const numbers = ['1e400', '-1e400', '-1', '253402300800', 'null', 'true', '[]', '{}', '"1"'];
    for (const number of [...numbers, '"never"']) {
      invalid[`${claim} of ${number.replaceAll('"', "'")}`] = withNumber(claim, number);
    }
    invalid[`${claim} of NaN`] = withNumber(claim, 'NaN');
  }
  for (const claim of ['iss', 'sub', 'aud']) {
    for (const wrong of [null, 1, {}, [[]], [1]]) {
      invalid[`${claim} of ${JSON.stringify(wrong)}`] = encode({ ...claims, [claim]: wrong });
    }
  }
  invalid['an empty sub'] = encode({ ...claims, sub: '' });
  const { iss, aud } = claims;
  return [
    ...Object.entries(invalid).map(([name, segment]) =>
      attack(`${name}, signed`, signed(segment), 'token_invalid_claims'),
    ),
    ...[`${iss}/`, `${iss} `, String(iss).toUpperCase(), 'https://attacker.example', ''].map(
      (wrong) =>
        attack(
          `the issuer ${JSON.stringify(wrong)}, signed`,
          signed(encode({ ...claims, iss: wrong })),
          'token_wrong_issuer',
        ),
    ),
    ...[`${aud}/`, String(aud).toUpperCase(), '', [], ['other'], [`${aud}x`]].map((wrong) =>
      attack(
        `the audience ${JSON.stringify(wrong)}, signed`,
        signed(encode({ ...claims, aud: wrong })),
        'token_wrong_audience',
      ),
    ),
    attack('expired, signed', signed(encode({ ...claims, iat: 0, exp: 1 })), 'token_expired'),
    attack(
      'not valid before the year 9999, signed',
      signed(encode({ ...claims, nbf: 253402300799 })),
      'token_not_yet_valid',
    ),
  ];
}
