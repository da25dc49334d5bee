import type { FastifyInstance, FastifyRequest } from 'fastify';
import { decodeFormField } from '../../kernel/encoding/form-field.ts';
import { readMediaType, toAsciiLowerCase, trimBlanks } from '../../kernel/encoding/header-text.ts';
import { parseJson } from '../../kernel/encoding/json.ts';
import { JsonRefused } from '../../kernel/encoding/json-refused.ts';
import { decodeUtf8 } from '../../kernel/encoding/utf8.ts';
import { RequestRefused } from './errors/request-refused.ts';

export const BODY_MAX_BYTES = 64 * 1024;

const JSON_TYPE = 'application/json';
export const FORM = 'application/x-www-form-urlencoded';
const MEMBERS_MAX = 64;
/** @see RFC 6749 appendix A */
const FIELD_NAME = /^[\w.-]{1,64}$/;

/**
 * Reads bodies strictly: valid UTF-8, JSON without duplicate members, forms without duplicate fields. Two lenient
 * readers of one text can each find another password in it. An empty body counts as none.
 */
export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer', bodyLimit: BODY_MAX_BYTES } as const;
  app.addContentTypeParser(JSON_TYPE, options, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined;
    assertPlain(request, JSON_TYPE);
    return parseJsonBody(body);
  });
  app.addContentTypeParser(FORM, options, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return undefined;
    assertPlain(request, FORM);
    return parseFormBody(body);
  });
}

export function isForm(request: FastifyRequest): boolean {
  return readMediaType(request.headers['content-type']) === FORM;
}

/** @throws {RequestRefused} for a form where only JSON is taken */
export function assertNotForm(request: FastifyRequest): void {
  if (isForm(request) && request.body !== undefined) {
    throw new RequestRefused(
      415,
      'unsupported_media_type',
      'This takes JSON, not a form. Send "Content-Type: application/json".',
    );
  }
}

/**
 * Refuses compressed bodies, which would get around the size limit, and other charsets. Fastify matches content types
 * more leniently than HTTP defines them, so the type is checked again.
 */
function assertPlain({ headers }: FastifyRequest, type: string): void {
  const encoding = toAsciiLowerCase(trimBlanks(headers['content-encoding'] ?? 'identity'));
  if (encoding !== 'identity') {
    const detail = 'Send the body uncompressed, without Content-Encoding.';
    throw new RequestRefused(415, 'unsupported_encoding', detail);
  }
  const contentType = headers['content-type'];
  if (readMediaType(contentType) !== type) {
    const detail = `The Content-Type has invalid characters. Send "${type}".`;
    throw new RequestRefused(415, 'unsupported_media_type', detail);
  }
  const charset = /;[ \t]*charset[ \t]*=[ \t]*"?([^ \t";]+)/i.exec(contentType ?? '')?.[1];
  if (charset !== undefined && toAsciiLowerCase(charset) !== 'utf-8') {
    throw new RequestRefused(415, 'unsupported_charset', 'Send the body as UTF-8.');
  }
}

/** @throws {RequestRefused} */
function parseJsonBody(body: Buffer): unknown {
  try {
    return parseJson(decodeBody(body));
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    throw new RequestRefused(400, 'invalid_json', error.message);
  }
}

/** @throws {RequestRefused} */
function parseFormBody(body: Buffer): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  const pairs = decodeBody(body).split('&', MEMBERS_MAX + 1);
  // Empty ones count too: no field after the last one that is read may be dropped silently.
  if (pairs.length > MEMBERS_MAX) {
    throw new RequestRefused(400, 'invalid_form', `A form may have ${MEMBERS_MAX} fields at most.`);
  }
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodeField(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodeField(pair.slice(equals + 1));
    // JSON sent as a form, as curl does by default, is one long name. Answers quote names, and would quote the
    // password in it.
    if (!FIELD_NAME.test(name)) {
      const detail =
        'This is not a form of named fields. For JSON, send "Content-Type: application/json".';
      throw new RequestRefused(400, 'invalid_form', detail);
    }
    if (fields.has(name)) {
      throw new RequestRefused(
        400,
        'invalid_form',
        'This form has a field twice. Send each field once.',
      );
    }
    fields.set(name, value);
  }
  // A field named __proto__ becomes an ordinary member, and is refused by its name.
  return Object.fromEntries(fields);
}

function decodeBody(body: Buffer): string {
  const text = decodeUtf8(body);
  if (text === undefined) {
    throw new RequestRefused(400, 'invalid_encoding', 'The body is not valid UTF-8.');
  }
  return text;
}

function decodeField(text: string): string {
  const field = decodeFormField(text);
  if (field !== undefined) return field;
  const detail = 'This form is not valid percent-encoded UTF-8.';
  throw new RequestRefused(400, 'invalid_encoding', detail);
}
