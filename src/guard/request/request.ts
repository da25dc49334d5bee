import { toAsciiLowerCase } from '../../kernel/encoding/header-text.ts';
import { MultipleCredentials } from '../../kernel/errors.ts';

/**
 * Headers as the web has them (`Headers`), or an object as Node.js and gateways have them. The case of its names
 * does not matter.
 */
export type RequestHeaders =
  | { get(name: string): string | null }
  | { readonly [name: string]: string | readonly string[] | undefined };

/** What a guard looks at in a request. A web `Request` and Node's `IncomingMessage` are both of this form. */
export interface IncomingRequest {
  readonly headers: RequestHeaders;
  /** Default: one that changes state. */
  readonly method?: string | undefined;
  /** Looked at only to refuse a token in it. */
  readonly url?: string | undefined;
  /** As Node has them: names and values in turn. Shows a header that came twice. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/**
 * The headers with names in lower case. Those of Node.js have them already, as `rawHeaders` shows: they are not
 * looked through. Two spellings of one name are two headers.
 * @throws {MultipleCredentials} where two of them are Authorization headers
 */
export function readHeaders({ headers, rawHeaders }: IncomingRequest): RequestHeaders {
  if (rawHeaders !== undefined || hasGet(headers)) return headers;
  const names = Object.keys(headers);
  if (!names.some((name) => /[A-Z]/.test(name))) return headers;
  const all = new Map<string, string | readonly string[]>();
  for (const name of names) {
    const value = headers[name];
    if (value === undefined) continue;
    const key = toAsciiLowerCase(name);
    const other = all.get(key);
    if (other !== undefined && key === 'authorization') throw twoAuthorizations();
    all.set(key, other === undefined ? value : [other, value].flat());
  }
  return Object.fromEntries(all);
}

export function twoAuthorizations(): MultipleCredentials {
  return new MultipleCredentials('Two Authorization headers came. Send one, with one token.');
}

/** @param name in lower case */
export function findHeader(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  if (typeof value === 'string' || value === undefined) return value;
  if (!Array.isArray(value)) return undefined;
  // What a list is joined by hangs on the header; a parser that meets more than one value refuses.
  return value.join(name === 'cookie' ? '; ' : ', ');
}

function hasGet(headers: RequestHeaders): headers is { get(name: string): string | null } {
  // A header that is called "get" is a string.
  return typeof headers.get === 'function';
}
