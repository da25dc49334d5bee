import { decodeBase64url } from '../kernel/encoding/base64url.ts';
import { parseJson } from '../kernel/encoding/json.ts';
import { decodeUtf8 } from '../kernel/encoding/utf8.ts';
import { invalidClaims } from './claims.ts';

/** Parses the payload segment of a token, strictly. @throws {TokenRefused} */
export function parsePayload(segment: string): unknown {
  const bytes = decodeBase64url(segment);
  if (bytes === undefined) throw invalidClaims('Its payload is not strict base64url.');
  const text = decodeUtf8(bytes);
  if (text === undefined) throw invalidClaims('Its payload is not UTF-8.');
  try {
    return parseJson(text);
  } catch {
    throw invalidClaims('Its payload is not strict JSON: it may name a member twice.');
  }
}
