import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Administration } from '../../../auth/administration/administration.ts';
import {
  type Administrator,
  createAdministrator,
} from '../../../auth/administration/administrator.ts';
import { assertNotForm } from '../../http/body.ts';
import { toCaller } from '../../http/caller.ts';
import type { RouteContext } from '../../http/routes/route-context.ts';

/** A request of an administrator, with what its handler needs. */
export interface AdminCall {
  readonly administration: Administration;
  readonly administrator: Administrator;
  /** The body as it came. */
  readonly input: unknown;
  readonly query: unknown;
  /** The parameters of the path. */
  readonly params: Readonly<Record<'id' | 'sid' | 'kid', string>>;
  readonly reply: FastifyReply;
}

/** Answers a request of an administrator. */
export type AdminHandler = (call: AdminCall) => Promise<unknown>;

/** Prepares the call of a handler. */
export async function createAdminCall(
  { latchkey, getUser, adminRole: role = '' }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<AdminCall> {
  assertNotForm(request);
  return {
    administration: await latchkey.auth.loadAdministration(),
    administrator: createAdministrator(getUser(request), toCaller(request), role),
    input: request.body,
    query: request.query,
    params: request.params as AdminCall['params'],
    reply,
  };
}
