import type { FastifyRequest } from 'fastify';
import { Forbidden } from '../errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method);
}

/** Refuses what another site made a browser send. */
export type SameOriginRule = (request: Pick<FastifyRequest, 'headers'>) => void;

/**
 * Cross-site request forgery: a browser adds its cookies to whatever a foreign page makes it send. It
 * also says where the request comes from, and a page can change neither of these headers. Absent
 * proof, the request is refused.
 * @param origins the issuer's origin and those CORS allows to use credentials
 */
export function createSameOriginRule(origins: readonly string[]): SameOriginRule {
  const allowed = new Set(origins);
  return ({ headers }) => {
    if (headers['sec-fetch-site'] === 'same-origin') return;
    // An allowed origin is cross-origin to Sec-Fetch-Site, and known by its name.
    if (headers.origin !== undefined && allowed.has(headers.origin)) return;
    throw new Forbidden(
      'cross_site_request',
      'Refused: this request uses cookies and does not come from this site. Send it from a page of an allowed origin, or use an Authorization header.',
    );
  };
}
