import type { FastifyRequest } from 'fastify';
import { anonymousCaller, type Caller } from '../../auth/audit/caller.ts';
import { parseAddress } from './client-address.ts';
import type { RouteContext } from './routes/route-context.ts';

/**
 * The caller of a request, for the session list and the audit trail. It is anonymous: the domain finds out who it is by
 * the credentials. Behind a proxy the address depends on `trustProxy`.
 */
export function toCaller(request: FastifyRequest): Caller {
  return {
    ...anonymousCaller,
    // A trusted proxy passes on what clients send. Only an address is kept.
    address: parseAddress(request.ip),
    userAgent: request.headers['user-agent'] ?? null,
  };
}

/** The caller of a request that presents a password: also with what its device is known by. */
export function toSignInCaller({ cookies }: RouteContext, request: FastifyRequest): Caller {
  return { ...toCaller(request), deviceToken: cookies.findDevice(request.headers.cookie) };
}
