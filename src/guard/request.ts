/**
 * Headers as the web has them (`Headers`), or as Node.js has them: an object whose names are in lower case.
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

/** @param name in lower case */
export function findHeader(headers: RequestHeaders, name: string): string | undefined {
  if (hasGet(headers)) return headers.get(name) ?? undefined;
  const value = headers[name];
  if (typeof value === 'string' || value === undefined) return value;
  // What a list is joined by hangs on the header; a parser that meets more than one value refuses.
  return value.join(name === 'cookie' ? '; ' : ', ');
}

function hasGet(headers: RequestHeaders): headers is { get(name: string): string | null } {
  // A header that is called "get" is a string.
  return typeof headers.get === 'function';
}
