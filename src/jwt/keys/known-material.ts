import { createPublicKey } from 'node:crypto';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';

/**
 * Recognises texts and bytes that others may know: a public key, a certificate, a key set, an address, a path, a token.
 * With one of them as the HMAC secret, strangers could sign tokens (algorithm confusion), so none is accepted as one.
 *
 * A private key counts too, because its public half is known. Copies that lost a line, a dash or a comma are still
 * recognised. Random secrets are not mistaken for any of these.
 * @returns a noun with its article, such as `an address`; undefined for what may be a secret
 */
export function describeKnownMaterial(material: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(material as Uint8Array);
  if (isKeyDer(bytes) || isPoint(bytes)) return KEY;
  const text = decodeUtf8(bytes);
  return text === undefined ? undefined : describeText(unwrap(text));
}

const KEY = 'a key of a key pair, or a certificate';

function describeText(text: string): string | undefined {
  if (ARMOUR.test(text) || SSH_KEY.test(text) || XML_KEY.test(text)) return KEY;
  if (JWK_MEMBER.test(text)) return 'a JWK or a JWKS';
  if (JSON_OBJECT.test(text)) return 'a JSON document';
  if (ADDRESS.some((pattern) => pattern.test(text))) return 'an address';
  if (PATH.some((pattern) => pattern.test(text))) return 'the path of a file';
  if (TOKEN.test(text)) return 'a token';
  return describeEncoded(text);
}

/** The first or last line of PEM, PGP and SSH2 texts, with any number of dashes. */
const ARMOUR =
  /(?:\bBEGIN|\bEND)[^a-z]{0,40}(?:PUBLIC|PRIVATE|CERTIFICATE)|--\s*(?:begin|end).{0,40}(?:public|private|cert)/s;
const SSH_KEY = /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-|sk-(?:ssh|ecdsa)-)/;
const XML_KEY = /<(?:\w+:)?(?:RSAKeyValue|ECKeyValue|Modulus|X509Data|X509Certificate)\b/;
/** In JSON, damaged JSON, JSON within JSON, JavaScript or YAML. */
const JWK_MEMBER = /(?:^|[\s{,\\"'])kty\\?["']?\s*[:=]|\\?["'](?:keys|x5c|jwks?_uri)\\?["']\s*:/;
const JSON_OBJECT = /^[[\s]*\{\s*\\?["'][\w-]+\\?["']\s*:/;
const ADDRESS = [
  /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:arn|urn|data|mailto|localhost):\S|\S*\/\.well-known\/)/i,
  /^(?=[^/]{8})(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\/\S*$/,
];
const PATH = [
  /^[^\n"'<>|]+\.(?:pem|key|pub|crt|cert?|der|p8|p12|pfx|p7b|jwks?|json|ya?ml|txt|asc|env|ssh)$/i,
  /^(?:[a-z]:[\\/]|\\\\\w|~[\w.-]*\/\w|\.{1,2}\/[\w.-]+\/)[\w. \\/@+-]*$/i,
  /^\/(?:etc|run|var|usr|home|users|opt|root|srv|mnt|tmp|app|data|proc|dev|workspace)\/[\w.\-/ @+]+$/i,
  // Base64 may begin with a slash too, but contains capitals.
  /^\/[a-z0-9_.-]+(?:\/[a-z0-9_.-]+)+$/,
];
const TOKEN = /^(?:Bearer\s+)?eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/** Decodes base64 of either alphabet, and hex, with what terminals and certificate viewers add. */
function describeEncoded(text: string): string | undefined {
  const body = text.replace(/^0x|\\[rn]|[\s:]/gi, '');
  if (/^(?:[0-9a-f]{2})+$/i.test(body)) {
    const found = describeDecoded(Buffer.from(body, 'hex'));
    if (found !== undefined) return found;
  }
  return /^[\w+/-]+={0,2}$/.test(body) ? describeDecoded(Buffer.from(body, 'base64')) : undefined;
}

function describeDecoded(bytes: Buffer): string | undefined {
  if (isKeyDer(bytes) || isSshBlob(bytes) || isPoint(bytes)) return KEY;
  const text = decodeUtf8(bytes);
  // Printable text is not random, and may be encoded once more.
  return text !== undefined && /^[\x20-\x7e\s]{24,}$/.test(text)
    ? describeText(unwrap(text))
    : undefined;
}

/** Removes quotes and a byte order mark, which files and shells may leave around a value. */
function unwrap(text: string): string {
  return text.replace(/^[\uFEFF\s"'`]+|[\s"'`;,]+$/g, '');
}

/** The object identifiers of keys and of signatures on certificates, in DER. */
const KEY_OIDS = [
  '06092a864886f70d0101', // PKCS #1: RSA and RSASSA-PSS
  '06072a8648ce3d0201', // EC public key
  '06082a8648ce3d04', // ECDSA
  '06032b656e', // X25519
  '06032b656f', // X448
  '06032b6570', // Ed25519
  '06032b6571', // Ed448
].map((hex) => Buffer.from(hex, 'hex'));

/** Whether bytes are a key or a certificate in DER, complete or damaged. */
function isKeyDer(bytes: Buffer): boolean {
  const SEQUENCE = 0x30;
  if (bytes[0] !== SEQUENCE) return false;
  const start = bytes.subarray(0, 2048);
  if (KEY_OIDS.some((oid) => start.includes(oid))) return true;
  // A bare RSA key (PKCS #1) has no identifier: a sequence of numbers, the modulus among the first two.
  return (
    /^308[12](?:..){1,2}(?:020100)?028[12]/.test(start.toString('hex', 0, 16)) || isReadable(bytes)
  );
}

function isReadable(key: Buffer): boolean {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      createPublicKey({ key, format: 'der', type });
      return true;
    } catch {
      // Not of this form.
    }
  }
  return false;
}

/** The curves by the length of an uncompressed point in bytes: 4, x, y. */
const CURVES: Readonly<Record<number, string>> = { 65: 'P-256', 97: 'P-384', 133: 'P-521' };

/** Whether bytes are a bare EC public key, as in Web Push, and a point of its curve. */
function isPoint(bytes: Buffer): boolean {
  const crv = CURVES[bytes.length];
  if (crv === undefined || bytes[0] !== 4) return false;
  const half = (bytes.length - 1) / 2;
  const x = bytes.toString('base64url', 1, 1 + half);
  const y = bytes.toString('base64url', 1 + half);
  try {
    createPublicKey({ key: { kty: 'EC', crv, x, y }, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

/** Whether bytes are the middle part of an SSH key: a length, then the name of the algorithm. */
function isSshBlob(bytes: Buffer): boolean {
  return /^\0\0\0.(?:ssh-|ecdsa-|sk-)/s.test(bytes.toString('latin1', 0, 16));
}
