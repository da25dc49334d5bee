import type { Clock } from '../jwt/clock.ts';
import type { AuthenticatedUser, CustomClaims } from './authenticated-user.ts';
import { type AccessRule, createAccessRule } from './authorize.ts';
import type { CredentialReader } from './credentials.ts';
import { errorResponse } from './error-response.ts';
import type { Guard, RequestCheck, Soon } from './guard.ts';
import type { Verifier } from './verifier.ts';

/** What a guard is made of. */
export interface GuardParts {
  readonly verifier: Pick<Verifier, 'verify'>;
  readonly credentials: CredentialReader;
  readonly clock: Clock;
  /** What may keep a guard from trusting its verifier for now; absent where nothing can. */
  readonly doubt?: GuardDoubt;
  /** The ids of the keys, where they never change. */
  readonly kids?: readonly string[];
  /** Absent where it is ready from the start and nothing runs in the background. */
  readonly lifecycle?: Pick<Guard, 'ready' | 'status' | 'close'>;
}

/** Tells when a verifier's word is not enough. */
export interface GuardDoubt {
  /**
   * Throws what keeps any token from being judged now.
   * @param alone whether there is no time to ask the issuer about the token
   */
  assertAble(alone: boolean): void;
  /**
   * What a request should wait for, given what was thrown for it; undefined where that is the answer.
   * Asked once per request.
   */
  findHope(error: unknown): Promise<unknown> | undefined;
  /** Asks the issuer about a token that verified; undefined where its word is not needed. */
  confirm?(token: string): Promise<void> | undefined;
}

/** Puts a guard together. `Host` is the caller's word for what its issuer puts into tokens. */
export function assembleGuard<Host extends object = CustomClaims>(parts: GuardParts): Guard<Host> {
  const { verifier, credentials, clock, doubt, lifecycle } = parts;
  type User = AuthenticatedUser<Host>;

  function judge(token: string, rule: AccessRule | undefined): Soon<User> {
    const user = verifier.verify(token);
    const confirmed = doubt?.confirm?.(token);
    if (confirmed === undefined) {
      rule?.(user, clock.now());
      return user as User;
    }
    return confirmed.then(() => {
      rule?.(user, clock.now());
      return user as User;
    });
  }

  function createCheck(rule: AccessRule | undefined): RequestCheck<Host> {
    const check: RequestCheck<Host> = (request) => {
      doubt?.assertAble(false);
      return judge(credentials.require(request).token, rule);
    };
    if (doubt === undefined) return check;
    return (request) => {
      try {
        return check(request);
      } catch (error) {
        const hope = doubt.findHope(error);
        if (hope === undefined) throw error;
        return hope.then(() => check(request));
      }
    };
  }

  const authenticate = createCheck(undefined);
  const guard: Guard<Host> = {
    verify(token) {
      doubt?.assertAble(true);
      return verifier.verify(token) as User;
    },
    authenticate,
    require(requirements) {
      const rule = createAccessRule(requirements);
      return rule === undefined ? authenticate : createCheck(rule);
    },
    protect(handler, requirements) {
      const check = guard.require(requirements);
      return async (request, ...rest) => {
        let user: User;
        try {
          user = await check(request);
        } catch (error) {
          return errorResponse(error);
        }
        return handler(request, user, ...rest);
      };
    },
    ...(lifecycle ?? createConstantLifecycle(parts.kids)),
  };
  return guard;
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
