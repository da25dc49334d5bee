import { AccessDenied } from '../../kernel/errors.ts';
import { findHeader, type RequestHeaders } from './request.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/**
 * Whether a cookie on this request proves nothing by itself: the request changes state, or it opens a
 * WebSocket. A handshake is a GET, but CORS does not apply to it: a page of any site may open a socket with the
 * visitor's cookies and then read and write as that visitor. `Sec-WebSocket-Version` shows a handshake whose
 * `Upgrade` a proxy took off. Over HTTP/2 a handshake is a CONNECT.
 * @param method default: one that changes state
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

/** What stands between a browser's cookies and the pages of other sites. */
export interface OriginRules {
  /**
   * For what a cookie authenticates: proof is due, and where none comes the request is refused.
   * @throws {Forbidden}
   */
  assertSameOrigin(request: { readonly headers: RequestHeaders }): void;
  /**
   * For what sets cookies and needs none: refused only where a browser says that another site sent it.
   * Stops a foreign page from signing its visitor in to the attacker's account.
   * @throws {Forbidden}
   */
  assertNotCrossSite(request: { readonly headers: RequestHeaders }): void;
}

/**
 * Cross-site request forgery: a browser adds its cookies to whatever a foreign page makes it send. It
 * also says where the request comes from, and a page can change neither of these headers.
 * @param origins those that may use the cookies beside the one a request goes to: the issuer's, and those
 *   that CORS allows to use credentials
 * @param advice a sentence for the operator: where to allow an origin
 * @param options.acceptSilent whether a request with neither header passes: only programs and browsers
 *   older than 2020 send one, and `SameSite=Lax` stops those browsers. Default false
 */
export function createOriginRules(
  origins: readonly string[],
  advice: string,
  { acceptSilent = false }: { readonly acceptSilent?: boolean } = {},
): OriginRules {
  const allowed = new Set(origins);
  // An allowed origin is cross-origin to Sec-Fetch-Site, and known by its name.
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
