import { decodeBase64url } from '../../kernel/encoding/base64url.ts';
import { decodeFormField } from '../../kernel/encoding/form-field.ts';
import { isJsonObject, parseJson } from '../../kernel/encoding/json.ts';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';
import { MultipleCredentials } from '../../kernel/errors.ts';

const WHY = 'A token must not be in the address, where it is logged and remembered.';
const HOW = {
  access: 'Send it in the Authorization header: "Authorization: Bearer …".',
  refresh: 'Send the refresh token in the body, as JSON: {"refresh_token": "…"}.',
} as const;

type TokenKind = keyof typeof HOW;

/** The kinds of token by the `typ` of their header. @see RFC 9068 section 2.1 */
const KIND_BY_TYP: ReadonlyMap<string, TokenKind> = new Map([
  ['at+jwt', 'access'],
  ['application/at+jwt', 'access'],
  ['rt+jwt', 'refresh'],
]);

/**
 * Asserts that no query parameter of a request contains a token: addresses are logged, kept in histories and sent on as
 * referrers. A parameter counts by its name (`access_token`, `refresh_token`), and under any name if its value is an
 * access or refresh token. Other JWTs, such as a host's own invitations, are allowed.
 * @throws {MultipleCredentials}
 * @see RFC 9700 section 4.3.2
 */
export function assertNoTokenInAddress(url: string | undefined): void {
  if (url === undefined) return;
  const start = url.indexOf('?');
  if (start === -1) return;
  const kind = findTokenKind(url.slice(start + 1));
  if (kind !== undefined) throw new MultipleCredentials(`${WHY} ${HOW[kind]}`);
}

function findTokenKind(query: string): TokenKind | undefined {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name === 'access_token') return 'access';
    if (name === 'refresh_token') return 'refresh';
    const kind = equals === -1 ? undefined : findKindOfToken(decode(pair.slice(equals + 1)));
    if (kind !== undefined) return kind;
  }
  return undefined;
}

/** The kind of token that a text is, by its header. Nothing is verified. */
function findKindOfToken(text: string): TokenKind | undefined {
  const [, header] = /^(?:Bearer +)?([\w-]+)\.[\w-]+\.[\w-]*$/i.exec(text.trim()) ?? [];
  const bytes = header === undefined ? undefined : decodeBase64url(header);
  const json = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (json === undefined) return undefined;
  try {
    const parsed = parseJson(json);
    const typ = isJsonObject(parsed) ? parsed['typ'] : undefined;
    return typeof typ === 'string' ? KIND_BY_TYP.get(typ.toLowerCase()) : undefined;
  } catch {
    return undefined;
  }
}

function decode(text: string): string {
  return decodeFormField(text) ?? text;
}
