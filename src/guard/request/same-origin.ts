import { AccessDenied } from '../../kernel/errors.ts';
import { findHeader, type RequestHeaders } from './request.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether a method changes no state. @see RFC 9110 section 9.2.1 */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/**
 * Whether a cookie is not enough for this request, because it changes state or opens a WebSocket. A WebSocket handshake is
 * a GET, but CORS does not apply to it: a page of any site may open a socket with the visitor's cookies, and then read and
 * write as that visitor. `Sec-WebSocket-Version` shows a handshake whose `Upgrade` a proxy removed. Over HTTP/2 a
 * handshake is a CONNECT.
 * @param method undefined: the request counts as one that changes state
 * @see RFC 6455 section 4.1, RFC 8441 section 5
 */
export function mustProveOrigin(method: string | undefined, headers: RequestHeaders): boolean {
  return (
    method === undefined ||
    !SAFE_METHODS.has(method) ||
    findHeader(headers, 'upgrade') !== undefined ||
    findHeader(headers, 'sec-websocket-version') !== undefined
  );
}

/** Keeps pages of other sites from using a visitor's cookies. */
export interface OriginRules {
  /**
   * For requests that a cookie authenticates: asserts that the request comes from this site or an allowed origin.
   * @throws {AccessDenied}
   */
  assertSameOrigin(request: { readonly headers: RequestHeaders }): void;
  /**
   * For requests that set cookies and need none: asserts that the browser does not name another site as the sender. It
   * stops a page of an attacker from signing its visitor in to the attacker's account (login CSRF).
   * @throws {AccessDenied}
   */
  assertNotCrossSite(request: { readonly headers: RequestHeaders }): void;
}

/**
 * Creates the rules that stop cross-site request forgery: a browser adds its cookies to requests that a page of another
 * site makes it send. It also says where a request comes from, in `Sec-Fetch-Site` and `Origin`, which a page cannot
 * change.
 * @param origins the origins that may use the cookies in addition to the one that a request goes to
 * @param advice a sentence that tells the operator where to allow an origin
 * @param options.acceptSilent whether a request with neither header passes: only programs and browsers older than 2020
 *   send one, and `SameSite=Lax` stops those browsers. Default false
 */
export function createOriginRules(
  origins: readonly string[],
  advice: string,
  { acceptSilent = false }: { readonly acceptSilent?: boolean } = {},
): OriginRules {
  const allowed = new Set(origins);
  // For an allowed origin, Sec-Fetch-Site says cross-site or same-site, and Origin names it.
  const isProven = (site: string | undefined, origin: string | undefined) =>
    site === 'same-origin' || (origin !== undefined && allowed.has(origin));
  return {
    assertSameOrigin({ headers }) {
      const site = findHeader(headers, 'sec-fetch-site');
      const origin = findHeader(headers, 'origin');
      if (acceptSilent && site === undefined && origin === undefined) return;
      if (isProven(site, origin)) return;
      throw new AccessDenied(
        'cross_site_request',
        `Refused: this request uses cookies and does not come from this site. Send it from a page of an allowed origin, or use an Authorization header. ${advice}`,
      );
    },
    assertNotCrossSite({ headers }) {
      const site = findHeader(headers, 'sec-fetch-site');
      const origin = findHeader(headers, 'origin');
      const silent = origin === undefined && (site === undefined || site === 'none');
      if (silent || isProven(site, origin)) return;
      throw new AccessDenied(
        'cross_site_request',
        `Refused: this request asks for cookies and does not come from this site. Send it from a page of an allowed origin. ${advice}`,
      );
    },
  };
}
