import type { FastifyRequest } from 'fastify';
import { anonymousCaller, type Caller } from '../../auth/audit/caller.ts';
import { parseAddress } from './client-address.ts';

/**
 * Who asks, for the session list and the audit trail. Anonymous: the domain finds out who they are by what they
 * present. Behind a proxy the address depends on `trustProxy`.
 */
export function toCaller(request: FastifyRequest): Caller {
  return {
    ...anonymousCaller,
    // A trusted proxy passes on what it was told; only an address is kept of that.
    address: parseAddress(request.ip),
    userAgent: request.headers['user-agent'] ?? null,
  };
}
