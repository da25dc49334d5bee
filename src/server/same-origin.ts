import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { Forbidden } from '../errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** What stands between a browser's cookies and the pages of other sites. */
export interface OriginRules {
  /**
   * For what a cookie authenticates: proof is due, and where none comes the request is refused.
   * @throws {Forbidden}
   */
  assertSameOrigin(request: Pick<FastifyRequest, 'headers'>): void;
  /**
   * For what sets cookies and needs none: refused only where a browser says that another site sent it.
   * Stops a foreign page from signing its visitor in to the attacker's account.
   * @throws {Forbidden}
   */
  assertNotCrossSite(request: Pick<FastifyRequest, 'headers'>): void;
}

/**
 * Cross-site request forgery: a browser adds its cookies to whatever a foreign page makes it send. It
 * also says where the request comes from, and a page can change neither of these headers.
 * @param origins the issuer's origin and those CORS allows to use credentials
 */
export function createOriginRules(origins: readonly string[]): OriginRules {
  const allowed = new Set(origins);
  // An allowed origin is cross-origin to Sec-Fetch-Site, and known by its name.
  const isProven = ({ 'sec-fetch-site': site, origin }: IncomingHttpHeaders) =>
    site === 'same-origin' || (origin !== undefined && allowed.has(origin));
  return {
    assertSameOrigin({ headers }) {
      if (isProven(headers)) return;
      throw new Forbidden(
        'cross_site_request',
        'Refused: this request uses cookies and does not come from this site. Send it from a page of an allowed origin, or use an Authorization header.',
      );
    },
    assertNotCrossSite({ headers }) {
      const { 'sec-fetch-site': site, origin } = headers;
      const silent = origin === undefined && (site === undefined || site === 'none');
      if (silent || isProven(headers)) return;
      throw new Forbidden(
        'cross_site_request',
        'Refused: this request asks for cookies and does not come from this site. Send it from a page of an allowed origin.',
      );
    },
  };
}
