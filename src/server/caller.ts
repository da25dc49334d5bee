import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/audit.ts';

/** Who asks, for the session list and the audit trail. Behind a proxy this hangs on `trustProxy`. */
export function toCaller(request: FastifyRequest): Caller {
  return {
    // A trusted proxy hands on what it was told; only an address is kept of that.
    address: isIP(request.ip) === 0 ? null : request.ip,
    userAgent: request.headers['user-agent'] ?? null,
  };
}
