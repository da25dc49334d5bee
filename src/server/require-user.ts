import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Clock } from '../auth/ports.ts';
import { type AccessRequirements, createAccessRule } from '../guard/authorize.ts';
import type { Verifier } from '../guard/verifier.ts';
import type { AuthenticatedUser } from './authenticated-user.ts';
import type { CredentialReader } from './credentials.ts';
import { sendError } from './send-error.ts';

const USER = Symbol('latchkey user');

interface Carrier {
  [USER]?: AuthenticatedUser;
}

/** A Fastify hook: `preHandler` or `onRequest` of a route or a plugin. */
export type RequireUserHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: HookHandlerDoneFunction,
) => void;

/** Makes a hook that lets a request pass only with a valid access token that meets the requirements. */
export type RequireUser = (requirements?: AccessRequirements) => RequireUserHook;

export function createRequireUser(options: {
  verifier: Verifier;
  credentials: CredentialReader;
  clock: Clock;
}): RequireUser {
  const { verifier, credentials, clock } = options;
  const authenticate = (request: FastifyRequest) => {
    const unread = credentials.findUnread(request);
    const seen = unread && verifier.findSeen(unread.token);
    return seen ?? verifier.verify(credentials.require(request).token);
  };
  return (requirements) => {
    const rule = requirements === undefined ? undefined : createAccessRule(requirements);
    // Calls back instead of returning a promise: a promise for each request costs more than the check.
    return (request, reply, done) => {
      try {
        const user = authenticate(request);
        rule?.(user, clock.now());
        setUser(request, user as AuthenticatedUser);
      } catch (error) {
        sendError(request, reply, error);
        return;
      }
      done();
    };
  };
}

function setUser(request: FastifyRequest, user: AuthenticatedUser): void {
  (request as Carrier)[USER] = user;
}

/**
 * What `request.user` answers. It throws rather than being undefined: a handler that forgot its guard
 * must fail, not run for nobody.
 */
export function getUser(this: FastifyRequest): AuthenticatedUser {
  const user = (this as Carrier)[USER];
  if (user === undefined) {
    throw new Error('request.user was read on a route without app.requireUser().');
  }
  return user;
}
