import type { FastifyRequest } from 'fastify';
import type { Caller } from '../auth/audit.ts';

/** Who asks, for the session list and the audit trail. Behind a proxy this hangs on `trustProxy`. */
export function toCaller(request: FastifyRequest): Caller {
  return { address: request.ip, userAgent: request.headers['user-agent'] ?? null };
}
