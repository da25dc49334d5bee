import type { Clock } from '../kernel/clock.ts';
import type { Guard, GuestCheck, RequestCheck } from './guard.ts';
import {
  type AccessRequirements,
  type AccessRule,
  assertRequirements,
  createAccessRule,
  type GuestRequirements,
  type PermissionTest,
  type RequirementArguments,
} from './request/authorize.ts';
import type { CredentialReader } from './request/credentials.ts';
import type { IncomingRequest } from './request/request.ts';
import { errorResponse } from './respond/error-response.ts';
import type { VerifiedToken } from './verify/access-claims.ts';
import type { Verifier } from './verify/access-token-verifier.ts';
import type { AuthenticatedUser, CustomClaims } from './verify/authenticated-user.ts';

/** The parts of a guard. */
export interface GuardParts {
  readonly verifier: Pick<Verifier, 'verify' | 'findSeen'>;
  readonly credentials: CredentialReader;
  readonly clock: Clock;
  /** Decides about permissions. Absent: the `entitlements` of the token. */
  readonly hasPermission?: PermissionTest;
  /** Whether tokens can be verified now. Absent if they always can. */
  readonly readiness?: GuardReadiness;
  /** The issuer of the tokens. Undefined: any, as the keys decide. */
  readonly issuer?: string | undefined;
  /** The ids of the keys, if they never change. */
  readonly kids?: readonly string[];
  /** Absent if the guard is ready from the start and nothing runs in the background. */
  readonly lifecycle?: Pick<Guard, 'ready' | 'status' | 'close'>;
}

/** What a guard that fetches keys and revocations checks in addition to its verifier. */
export interface GuardReadiness {
  /**
   * Asserts that tokens can be verified now.
   * @param sync whether the caller cannot wait for the issuer to be asked about the token
   * @throws {GuardNotReady}
   * @throws {RevocationsStale}
   */
  assertReady(sync: boolean): void;
  /**
   * Returns a promise after which the check should be retried, or undefined if the error is final. Called once per
   * request.
   */
  pendingFor(error: unknown): Promise<unknown> | undefined;
  /** Asks the issuer about a token that was verified; undefined if that is not necessary. */
  confirm?(token: string): Promise<void> | undefined;
}

/** Creates a guard from its parts. `Host` is the type of the host's own claims, which is not checked. */
export function assembleGuard<Host extends object = CustomClaims>(parts: GuardParts): Guard<Host> {
  const { verifier, credentials, clock, hasPermission, readiness, lifecycle } = parts;
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
    if (readiness === undefined) return (request) => admit(identify(request).user);
    const check: RequestCheck<Host> = (request) => {
      readiness.assertReady(false);
      const { token, user } = identify(request);
      return readiness.confirm?.(token)?.then(() => admit(user)) ?? admit(user);
    };
    return (request) => {
      try {
        return check(request);
      } catch (error) {
        const pending = readiness.pendingFor(error);
        if (pending === undefined) throw error;
        return pending.then(() => check(request));
      }
    };
  }

  const authenticate = createCheck(undefined);

  function require(requirements: GuestRequirements): GuestCheck<Host>;
  function require(requirements?: AccessRequirements): RequestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host> {
    assertRequirements(given);
    const rule = createAccessRule(given[0], hasPermission);
    const check = rule === undefined ? authenticate : createCheck(rule);
    if (given[0]?.optional !== true) return check;
    return (request) => (credentials.isGuest(request) ? undefined : check(request));
  }

  const guard: Guard<Host> = {
    verify(token) {
      readiness?.assertReady(true);
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

/** What a combined guard knows of each of its guards. */
export interface GuardMember<Host extends object> {
  readonly guard: Guard<Host>;
  readonly credentials: CredentialReader;
  readonly issuer: string | undefined;
}

const members = new WeakMap<object, unknown>();

/** Returns undefined for an object that {@link assembleGuard} did not create. */
export function findGuardMember<Host extends object>(
  guard: Guard<Host>,
): GuardMember<Host> | undefined {
  return members.get(guard) as GuardMember<Host> | undefined;
}

/** Creates `guard.protect` from `guard.require`. */
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
      // The overloads let only a handler that takes guests be given with `optional: true`.
      return handler(request, user as AuthenticatedUser<Host>, ...rest);
    };
  };
}

/** The lifecycle of a guard that is ready from the start. */
function createConstantLifecycle(kids: readonly string[] = []) {
  const status = {
    ready: true,
    keys: { kids, fetchedAt: undefined, error: undefined },
    revocations: undefined,
  };
  return { ready: () => Promise.resolve(), status: () => status, close: () => undefined };
}
