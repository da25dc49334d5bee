import { toAsciiLowerCase } from '../../kernel/encoding/header-text.ts';
import { MultipleCredentials } from '../../kernel/errors.ts';

/**
 * The headers of a request: the web's `Headers`, or an object as in Node.js and gateways. The case of names does not
 * matter.
 */
export type RequestHeaders =
  | { get(name: string): string | null }
  | { readonly [name: string]: string | readonly string[] | undefined };

/** What a guard reads of a request. The web's `Request` and Node's `IncomingMessage` both fit. */
export interface IncomingRequest {
  /** The headers, in either form. */
  readonly headers: RequestHeaders;
  /** The HTTP method. Without it, the request counts as one that changes state. */
  readonly method?: string | undefined;
  /** The address, with or without the host. It is read only to refuse a token in it. */
  readonly url?: string | undefined;
  /** Names and values in turn, as in Node.js. They show whether a header came twice. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/**
 * Returns the headers with names in lower case. `rawHeaders` shows that they are of Node.js, whose names are in lower case
 * already. Two spellings of one name are two headers.
 * @throws {MultipleCredentials} if two of them are Authorization headers
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

/** The error for a request with two Authorization headers: a proxy in front may have checked the other one. */
export function twoAuthorizations(): MultipleCredentials {
  return new MultipleCredentials('Two Authorization headers came. Send one, with one token.');
}

/** Finds the value of a header. @param name in lower case */
export function findHeader(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  if (typeof value === 'string' || value === undefined) return value;
  if (!Array.isArray(value)) return undefined;
  // Cookies are joined by `; `, other values by a comma. Where one value is expected, its parser refuses more.
  return value.join(name === 'cookie' ? '; ' : ', ');
}

function hasGet(headers: RequestHeaders): headers is { get(name: string): string | null } {
  // In an object, a header named "get" is a string.
  return typeof headers.get === 'function';
}
