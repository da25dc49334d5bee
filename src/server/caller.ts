import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/audit.ts';
import { parseAddress } from './client-address.ts';

/** Who asks, for the session list and the audit trail. Behind a proxy this depends on `trustProxy`. */
export function toCaller(request: FastifyRequest): Caller {
  return {
    // A trusted proxy passes on what it was told; only an address is kept of that.
    address: parseAddress(request.ip),
    userAgent: request.headers['user-agent'] ?? null,
  };
}
