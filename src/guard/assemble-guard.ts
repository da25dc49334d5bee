import type { Clock } from '../kernel/clock.ts';
import type { Guard, GuestCheck, RequestCheck } from './guard.ts';
import {
  type AccessRequirements,
  type AccessRule,
  assertRequirements,
  createAccessRule,
  type GuestRequirements,
  type RequirementArguments,
} from './request/authorize.ts';
import type { CredentialReader } from './request/credentials.ts';
import type { IncomingRequest } from './request/request.ts';
import { errorResponse } from './respond/error-response.ts';
import type { VerifiedToken, Verifier } from './verify/access-token-verifier.ts';
import type { AuthenticatedUser, CustomClaims } from './verify/authenticated-user.ts';

/** What a guard is made of. */
export interface GuardParts {
  readonly verifier: Pick<Verifier, 'verify' | 'findSeen'>;
  readonly credentials: CredentialReader;
  readonly clock: Clock;
  /** What may keep a guard from trusting its verifier for now; absent where nothing can. */
  readonly doubt?: GuardReadiness;
  /** Whose tokens it judges; undefined where the keys alone decide. */
  readonly issuer?: string | undefined;
  /** The ids of the keys, where they never change. */
  readonly kids?: readonly string[];
  /** Absent where it is ready from the start and nothing runs in the background. */
  readonly lifecycle?: Pick<Guard, 'ready' | 'status' | 'close'>;
}

/** Tells when a verifier's word is not enough. */
export interface GuardReadiness {
  /**
   * Throws what keeps any token from being judged now.
   * @param alone whether there is no time to ask the issuer about the token
   */
  assertReady(alone: boolean): void;
  /**
   * What a request should wait for, given what was thrown for it; undefined where that is the answer.
   * Asked once per request.
   */
  pendingFor(error: unknown): Promise<unknown> | undefined;
  /** Asks the issuer about a token that verified; undefined where its word is not needed. */
  confirm?(token: string): Promise<void> | undefined;
}

/** Puts a guard together. `Host` is the caller's word for what its issuer puts into tokens. */
export function assembleGuard<Host extends object = CustomClaims>(parts: GuardParts): Guard<Host> {
  const { verifier, credentials, clock, doubt, lifecycle } = parts;
  type User = AuthenticatedUser<Host>;

  function identify(request: IncomingRequest): { token: string; user: VerifiedToken } {
    const unread = credentials.findUnread(request);
    const seen = unread === undefined ? undefined : verifier.findSeen(unread.token);
    if (unread !== undefined && seen !== undefined) return { token: unread.token, user: seen };
    const { token } = credentials.require(request);
    return { token, user: verifier.verify(token) };
  }

  function createCheck(rule: AccessRule | undefined): RequestCheck<Host> {
    const admit = (user: VerifiedToken) => {
      rule?.(user, clock.now());
      return user as User;
    };
    if (doubt === undefined) return (request) => admit(identify(request).user);
    const check: RequestCheck<Host> = (request) => {
      doubt.assertReady(false);
      const { token, user } = identify(request);
      return doubt.confirm?.(token)?.then(() => admit(user)) ?? admit(user);
    };
    return (request) => {
      try {
        return check(request);
      } catch (error) {
        const hope = doubt.pendingFor(error);
        if (hope === undefined) throw error;
        return hope.then(() => check(request));
      }
    };
  }

  const authenticate = createCheck(undefined);

  function require(requirements: GuestRequirements): GuestCheck<Host>;
  function require(requirements?: AccessRequirements): RequestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host> {
    assertRequirements(given);
    const rule = createAccessRule(...given);
    const check = rule === undefined ? authenticate : createCheck(rule);
    if (given[0]?.optional !== true) return check;
    return (request) => (credentials.isGuest(request) ? undefined : check(request));
  }

  const guard: Guard<Host> = {
    verify(token) {
      doubt?.assertReady(true);
      return verifier.verify(token) as User;
    },
    authenticate,
    require,
    protect: createProtect<Host>(require),
    ...(lifecycle ?? createConstantLifecycle(parts.kids)),
  };
  members.set(guard, { guard, credentials, issuer: parts.issuer });
  return guard;
}

/** What a combined guard must know of those it is made of. */
export interface GuardMember<Host extends object> {
  readonly guard: Guard<Host>;
  readonly credentials: CredentialReader;
  readonly issuer: string | undefined;
}

const members = new WeakMap<object, unknown>();

/** Undefined for what was not made here. */
export function findGuardMember<Host extends object>(
  guard: Guard<Host>,
): GuardMember<Host> | undefined {
  return members.get(guard) as GuardMember<Host> | undefined;
}

/** Makes `guard.protect` of `guard.require`. */
export function createProtect<Host extends object>(
  require: (...given: RequirementArguments) => GuestCheck<Host>,
): Guard<Host>['protect'] {
  return (handler, ...given) => {
    const check = require(...given);
    return async (request, ...rest) => {
      let user: AuthenticatedUser<Host> | undefined;
      try {
        user = await check(request);
      } catch (error) {
        return errorResponse(error);
      }
      // The overloads promise a handler that takes guests only where there may be one.
      return handler(request, user as AuthenticatedUser<Host>, ...rest);
    };
  };
}

/** Of a guard that has all it needs from the start. */
function createConstantLifecycle(kids: readonly string[] = []) {
  const status = {
    ready: true,
    keys: { kids, fetchedAt: undefined, error: undefined },
    revocations: undefined,
  };
  return { ready: () => Promise.resolve(), status: () => status, close: () => undefined };
}
