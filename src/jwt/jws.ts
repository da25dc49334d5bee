import { constants, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto';
import { createMac } from '../fast/hmac.ts';
import { decodeBase64url, encodeBase64url } from '../kernel/encoding/base64url.ts';
import { createSecretComparison } from '../kernel/encoding/same-secret.ts';
import { KeyRefused, TokenRefused } from '../kernel/errors.ts';
import { type Algorithm, type AlgorithmParameters, parametersOf } from './algorithms.ts';
import type { SigningKey, VerificationKey } from './keys/key-types.ts';
import { MAX_TOKEN_LENGTH } from './limits.ts';

/**
 * Creates the header segment of tokens of one kind by one key: base64url of `{"alg":…,"typ":…,"kid":…}`. All these tokens
 * have it, byte for byte.
 */
export function createHeaderSegment(
  key: { readonly algorithm: Algorithm; readonly kid: string },
  typ: string,
): string {
  return encodeBase64url(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid }));
}

/**
 * Creates a function that signs claims as a token of one kind.
 * @returns a function that throws a RangeError if the token would be longer than verifiers accept
 * @see RFC 7515 section 5.1
 */
export function createSigner(key: SigningKey, typ: string): (claims: object) => string {
  const prefix = `${createHeaderSegment(key, typ)}.`;
  const createSignature = signatureCreator(key);
  return (claims) => {
    const input = prefix + encodeBase64url(JSON.stringify(claims));
    const token = `${input}.${createSignature(input)}`;
    if (token.length > MAX_TOKEN_LENGTH) {
      throw new RangeError(
        `The token would have ${token.length} characters, and ${MAX_TOKEN_LENGTH} are the most that ` +
          'is accepted. Put less into its claims.',
      );
    }
    return token;
  };
}

function signatureCreator({ algorithm, privateKey }: SigningKey): (input: string) => string {
  const parameters = parametersOf(algorithm);
  if (parameters.family === 'hmac') return createMac(parameters.digest, privateKey);
  const options = createCryptoKey(parameters, privateKey);
  return (input) => sign(parameters.digest, Buffer.from(input), options).toString('base64url');
}

/** Wraps the key with the options `node:crypto` needs. Returns the bare key when the defaults fit, which is faster. */
function createCryptoKey(
  parameters: AlgorithmParameters,
  key: KeyObject,
): KeyObject | SignKeyObjectInput {
  if (parameters.family === 'rsa' && 'saltLength' in parameters) {
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: parameters.saltLength };
  }
  // A JWS signature is the bare pair of numbers, not DER: RFC 7518 section 3.4.
  if (parameters.family === 'ec') return { key, dsaEncoding: 'ieee-p1363' };
  return key;
}

/** Whether `signature` (base64url) is the signature of a key over `input`. Each signature has one spelling only. */
export type SignatureCheck = (input: string, signature: string) => boolean;

/** Creates the check for the signatures of one key, with the algorithm of that key only. */
function createSignatureCheck({ algorithm, key }: VerificationKey): SignatureCheck {
  const parameters = parametersOf(algorithm);
  if (parameters.family === 'hmac') {
    const createCode = createMac(parameters.digest, key);
    // All codes of a key have one length.
    const isSame = createSecretComparison(createCode('').length);
    return (input, signature) => isSame(signature, createCode(input));
  }
  const options = createCryptoKey(parameters, key);
  return (input, signature) => {
    const bytes = decodeBase64url(signature);
    return bytes !== undefined && verify(parameters.digest, Buffer.from(input), options, bytes);
  };
}

/** A header segment to accept, and its key. */
export interface AcceptedHeader {
  /** In base64url, as it is in the token. */
  readonly segment: string;
  readonly key: VerificationKey;
}

/** Creates the header segments that tokens of one kind may have, for each of these keys. */
export function createAcceptedHeaders(
  keys: readonly VerificationKey[],
  typ: string,
): AcceptedHeader[] {
  return keys.map((key) => ({ segment: createHeaderSegment(key, typ), key }));
}

/**
 * Creates a function that verifies a token's signature and returns its payload segment, still encoded.
 *
 * Headers are never decoded or parsed. The header segment is looked up among the accepted ones, which give the key and its
 * algorithm. So `alg: none`, an RS256 key used as an HMAC secret, a `kid` that is a path or a query, `jku`, `x5u`, `jwk`
 * and `crit` are all refused in the same way, as an unknown header.
 *
 * It does not check the claims.
 * @throws {KeyRefused} if one header stands for two keys
 * @returns a function that throws {@link TokenRefused}
 * @see RFC 7515 section 5.2, RFC 8725 sections 3.1 and 3.11
 */
export function createJwsVerifier(headers: readonly AcceptedHeader[]): (token: string) => string {
  const table = createHeaderTable(headers);
  return (token) => {
    if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) throw malformed();
    // There are a few keys at most, so comparing with each is faster than hashing the segment.
    for (const { prefix, isSignature } of table) {
      if (!token.startsWith(prefix)) continue;
      const dot = token.indexOf('.', prefix.length);
      if (dot === -1 || token.includes('.', dot + 1)) throw malformed();
      if (!isSignature(token.slice(0, dot), token.slice(dot + 1))) throw badSignature();
      return token.slice(prefix.length, dot);
    }
    throw isCompact(token) ? untrusted() : malformed();
  };
}

/** Whether a text has the three parts of a token, whatever they contain. */
function isCompact(token: string): boolean {
  const parts = token.split('.', 4);
  return parts.length === 3 && parts[0] !== '';
}

interface HeaderEntry {
  /** The header segment and the dot after it. */
  readonly prefix: string;
  readonly key: VerificationKey;
  readonly isSignature: SignatureCheck;
}

function createHeaderTable(headers: readonly AcceptedHeader[]): HeaderEntry[] {
  const table: HeaderEntry[] = [];
  for (const { segment, key } of headers) {
    const prefix = `${segment}.`;
    const known = table.find((entry) => entry.prefix === prefix);
    if (known === undefined) {
      table.push({ prefix, key, isSignature: createSignatureCheck(key) });
    } else if (!known.key.key.equals(key.key)) {
      throw new KeyRefused(
        'invalid_key',
        'Two different keys have the same key id ("kid"). Give one of them another id.',
      );
    }
  }
  return table;
}

function malformed(): TokenRefused {
  return new TokenRefused(
    'token_malformed',
    'This is not a token. Send the token as it was issued, whole and unchanged.',
  );
}

function untrusted(): TokenRefused {
  return new TokenRefused(
    'token_untrusted',
    'This token is of the wrong kind, or its key is not trusted. Sign in again, and send an access token where an ' +
      'access token is required.',
  );
}

function badSignature(): TokenRefused {
  return new TokenRefused(
    'token_bad_signature',
    'The signature does not match: the token was altered or cut. Send it as it was issued.',
  );
}
