import { constants, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto';
import { createMac } from '../fast/hmac.ts';
import { decodeBase64url, encodeBase64url } from '../kernel/encoding/base64url.ts';
import { isSameSecret } from '../kernel/encoding/same-secret.ts';
import { KeyRefused, TokenRefused } from '../kernel/errors.ts';
import { type Algorithm, type AlgorithmParameters, parametersOf } from './algorithms.ts';
import type { SigningKey, VerificationKey } from './keys/key-types.ts';
import { MAX_TOKEN_LENGTH } from './limits.ts';

/**
 * The one header segment that tokens of this kind by this key have, byte for byte: base64url of
 * `{"alg":…,"typ":…,"kid":…}`.
 */
export function createHeaderSegment(
  key: { readonly algorithm: Algorithm; readonly kid: string },
  typ: string,
): string {
  return encodeBase64url(JSON.stringify({ alg: key.algorithm, typ, kid: key.kid }));
}

/**
 * Creates a function that turns claims into a signed token of this kind.
 * @returns a function that throws a RangeError where the token would be longer than any verifier accepts
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

/** The key with what `node:crypto` must know besides; the bare key where its defaults are right, which is quicker. */
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

/** Whether `signature` (base64url) is this key's over `input`. Strict: one spelling per signature. */
export type SignatureCheck = (input: string, signature: string) => boolean;

/** Creates the check of one key's signatures, bound to the key's own algorithm. */
function createSignatureCheck({ algorithm, key }: VerificationKey): SignatureCheck {
  const parameters = parametersOf(algorithm);
  if (parameters.family === 'hmac') {
    const createCode = createMac(parameters.digest, key);
    return (input, signature) => isSameSecret(signature, createCode(input));
  }
  const options = createCryptoKey(parameters, key);
  return (input, signature) => {
    const bytes = decodeBase64url(signature);
    return bytes !== undefined && verify(parameters.digest, Buffer.from(input), options, bytes);
  };
}

/** A header segment to accept in place of our own form, and the key it stands for. */
export interface AcceptedHeader {
  /** As it stands in the token, base64url. */
  readonly segment: string;
  readonly key: VerificationKey;
}

/** The headers for which a token of this kind by one of these keys is accepted. */
export function createAcceptedHeaders(
  keys: readonly VerificationKey[],
  typ: string,
): AcceptedHeader[] {
  return keys.map((key) => ({ segment: createHeaderSegment(key, typ), key }));
}

/**
 * Creates a function that proves a token's signature and returns its payload segment, still encoded.
 *
 * Nothing in a header is ever decoded or parsed. The header segment is looked up among those accepted,
 * and with it come the key and its algorithm. So `alg: none`, an RS256 key used as an HMAC secret, a
 * `kid` that is a path or a query, `jku`, `x5u`, `jwk` and `crit` all end the same: an unknown header.
 *
 * It does not look at the claims.
 * @throws {KeyRefused} where one header stands for two keys
 * @returns a function that throws {@link TokenRefused}
 * @see RFC 7515 section 5.2, RFC 8725 sections 3.1 and 3.11
 */
export function createJwsVerifier(headers: readonly AcceptedHeader[]): (token: string) => string {
  const table = createHeaderTable(headers);
  return (token) => {
    if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) throw malformed();
    // A handful of keys at most: to compare with each is quicker than to hash the segment.
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

/** Whether it has the three parts of a token, whatever they hold. */
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
    'This token is of another kind than is due here, or its key is not trusted. Sign in again, and send ' +
      'an access token where an access token is due.',
  );
}

function badSignature(): TokenRefused {
  return new TokenRefused(
    'token_bad_signature',
    'The signature does not match: the token was altered or cut. Send it as it was issued.',
  );
}
