import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { KeyRefused } from '../../kernel/errors.ts';
import type { Algorithm } from '../algorithms.ts';
import { assertJwkPurpose, assertSecret, wrongType } from './key-checks.ts';
import { decodeBase64Leniently, type JsonWebKey, type KeySource } from './key-material.ts';
import { describeKnownMaterial } from './known-material.ts';

/** Reads a shared secret that is strong enough. @throws {KeyRefused} */
export function readSecret(
  source: KeySource,
  algorithm: Algorithm,
  minimumBytes: number,
  operation: 'sign' | 'verify',
): KeyObject {
  const secret = secretBytes(source, algorithm, operation);
  assertUnknown(secret, algorithm);
  assertSecret(secret, algorithm, minimumBytes);
  return createSecretKey(secret);
}

function secretBytes(
  source: KeySource,
  algorithm: Algorithm,
  operation: 'sign' | 'verify',
): Buffer {
  if (source.form === 'secret') return source.secret;
  if (source.form === 'object' && source.key.type === 'secret') return source.key.export();
  if (source.form === 'jwk' && source.jwk.kty === 'oct' && typeof source.jwk.k === 'string') {
    assertJwkPurpose(source.jwk, algorithm, operation);
    const secret = decodeBase64Leniently(source.jwk.k);
    if (secret !== undefined) return secret;
    throw new KeyRefused(
      'invalid_key',
      'The "k" of this JWK is not base64url. Export the key again.',
    );
  }
  throw wrongType(algorithm, 'a shared secret');
}

/** Stops algorithm confusion: with a public key as the secret, everyone who has that key could sign tokens. */
function assertUnknown(secret: Uint8Array, algorithm: Algorithm): void {
  const known = describeKnownMaterial(secret);
  if (known === undefined) return;
  throw new KeyRefused(
    'wrong_key_type',
    `This is ${known}, not a shared secret for ${algorithm}: everyone who has the public half or knows ` +
      'the text could sign tokens. Choose an algorithm that fits the key, such as RS256 or ES256, or make a ' +
      'random secret: openssl rand -base64 48',
  );
}

/** Reads a private key of any kind. @throws {KeyRefused} */
export function readPrivateKey(source: KeySource, algorithm: Algorithm): KeyObject {
  if (isPublicSource(source)) {
    throw new KeyRefused(
      'wrong_key_type',
      'This is a public key, and signing needs the private one. Give the private key of this pair.',
    );
  }
  switch (source.form) {
    case 'pem':
      return readPem(source.pem, () => createPrivateKey(source.pem));
    case 'jwk':
      assertJwkPurpose(source.jwk, algorithm, 'sign');
      assertKeyPairJwk(source.jwk, algorithm);
      return readJwk(() => createPrivateKey({ key: source.jwk, format: 'jwk' }));
    case 'object':
      if (source.key.type === 'private') return source.key;
      throw wrongType(algorithm, 'a private key');
    case 'secret':
      throw wrongType(algorithm, 'a private key');
  }
}

/** Reads a public key, or the public half of a private one. @throws {KeyRefused} */
export function readPublicKey(source: KeySource, algorithm: Algorithm): KeyObject {
  switch (source.form) {
    case 'pem':
      return readPem(source.pem, () => createPublicKey(source.pem));
    case 'jwk':
      if (isPublicSource(source)) assertJwkPurpose(source.jwk, algorithm, 'verify');
      assertKeyPairJwk(source.jwk, algorithm);
      return readJwk(() => createPublicKey({ key: source.jwk, format: 'jwk' }));
    case 'object':
      if (source.key.type === 'public') return source.key;
      if (source.key.type === 'private') return createPublicKey(source.key);
      throw wrongType(algorithm, 'a public key');
    case 'secret':
      throw wrongType(algorithm, 'a public key');
  }
}

function isPublicSource(source: KeySource): boolean {
  switch (source.form) {
    case 'pem':
      return /^-----BEGIN (RSA )?PUBLIC KEY-----/.test(source.pem);
    case 'jwk':
      return source.jwk.kty !== 'oct' && source.jwk.d === undefined;
    case 'object':
      return source.key.type === 'public';
    case 'secret':
      return false;
  }
}

/** Returns the public members of a JWK. */
export function withoutPrivate({ kty, n, e, crv, x, y }: JsonWebKey): KeySource {
  const members = Object.entries({ kty, n, e, crv, x, y });
  const jwk = Object.fromEntries(members.filter(([, value]) => value !== undefined));
  return { form: 'jwk', jwk };
}

function assertKeyPairJwk(jwk: JsonWebKey, algorithm: Algorithm): void {
  if (jwk.kty === 'oct') throw wrongType(algorithm, 'a key pair');
}

function readPem(pem: string, read: () => KeyObject): KeyObject {
  if (pem.includes('ENCRYPTED')) {
    throw new KeyRefused(
      'invalid_key',
      'This key is encrypted with a passphrase. Decrypt it (openssl pkey -in key.pem -out plain.pem) ' +
        'and give the result.',
    );
  }
  if (pem.includes('-----BEGIN CERTIFICATE')) {
    throw new KeyRefused(
      'wrong_key_type',
      'This is a certificate. Give the public key in it: openssl x509 -in cert.pem -pubkey -noout',
    );
  }
  if (pem.includes('-----BEGIN OPENSSH')) {
    throw new KeyRefused(
      'invalid_key',
      'This is an OpenSSH key. Convert a copy of it: ssh-keygen -p -m PKCS8 -N "" -f copy-of-key',
    );
  }
  try {
    return read();
  } catch {
    // OpenSSL's message may contain parts of the key.
    throw new KeyRefused(
      'invalid_key',
      'This PEM text is damaged or not a key. Copy the whole of it, from -----BEGIN to -----END.',
    );
  }
}

function readJwk(read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch {
    throw new KeyRefused(
      'invalid_key',
      'This JWK is damaged, incomplete or of a kind Latchkey does not know. Export the key again.',
    );
  }
}
