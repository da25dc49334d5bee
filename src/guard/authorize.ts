import { Forbidden, ReauthenticationRequired } from '../errors.ts';
import type { VerifiedToken } from './access-claims.ts';

/** What a route asks of a caller beyond a valid token. */
export interface AccessRequirements {
  /** The caller has any of these. */
  readonly roles?: readonly string[];
  /** The token grants all of these. */
  readonly scopes?: readonly string[];
  /** Seconds since the password was last presented. */
  readonly maxAuthAge?: number;
}

/**
 * Decides for one caller.
 * @param now ms since the epoch
 */
export type AccessRule = (
  claims: Pick<VerifiedToken, 'roles' | 'scope' | 'auth_time'>,
  now: number,
) => void;

/**
 * Compiles requirements into a rule; undefined where nothing is asked, so that such a route pays nothing.
 *
 * An empty list of roles admits nobody, because nobody has any of them; an empty list of scopes admits
 * everybody.
 * @returns a function that throws {@link Forbidden} or {@link ReauthenticationRequired}
 * @throws {TypeError} for requirements that cannot be meant
 */
export function createAccessRule(requirements: AccessRequirements = {}): AccessRule | undefined {
  const { roles, scopes, maxAuthAge } = requirements;
  const rules = [
    ...(roles === undefined ? [] : [createRoleRule(roles)]),
    ...(scopes === undefined || scopes.length === 0 ? [] : [createScopeRule(scopes)]),
    ...(maxAuthAge === undefined ? [] : [createAuthAgeRule(maxAuthAge)]),
  ];
  if (rules.length <= 1) return rules[0];
  return (claims, now) => {
    for (const rule of rules) rule(claims, now);
  };
}

function createRoleRule(roles: readonly string[]): AccessRule {
  if (!Array.isArray(roles)) throw new TypeError('roles is an array, such as ["admin"].');
  const allowed = new Set(roles);
  const message = `This needs ${roles.length === 1 ? 'the role' : 'one of the roles'} ${roles.join(', ')}.`;
  return (claims) => {
    if (claims.roles?.some((role) => allowed.has(role)) !== true) {
      throw new Forbidden('insufficient_role', message);
    }
  };
}

function createScopeRule(scopes: readonly string[]): AccessRule {
  if (!Array.isArray(scopes)) throw new TypeError('scopes is an array, such as ["read"].');
  const needed = [...scopes];
  const message = `This needs a token with the scope ${needed.join(' ')}.`;
  return (claims) => {
    const granted = claims.scope?.split(' ') ?? [];
    if (!needed.every((scope) => granted.includes(scope))) {
      throw new Forbidden('insufficient_scope', message, needed);
    }
  };
}

function createAuthAgeRule(maxAuthAge: number): AccessRule {
  if (!(maxAuthAge >= 0)) throw new TypeError('maxAuthAge is a number of seconds, 0 or more.');
  return (claims, now) => {
    if (!(now / 1000 - claims.auth_time <= maxAuthAge)) {
      throw new ReauthenticationRequired(maxAuthAge);
    }
  };
}
