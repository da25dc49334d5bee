import { AccessDenied, InvalidOption, ReauthenticationRequired } from '../../kernel/errors.ts';
import {
  aBoolean,
  aNumber,
  aStringList,
  assertOptions,
  type OptionChecks,
} from '../../kernel/options/check-options.ts';
import type { VerifiedToken } from '../verify/access-claims.ts';

/** What a route asks of a caller beyond a valid token. */
export interface AccessRequirements {
  /** The caller has any of these. */
  readonly roles?: readonly string[];
  /** The token grants all of these. */
  readonly scopes?: readonly string[];
  /** The most seconds that may have passed since the user last authenticated. */
  readonly maxAuthAge?: number;
  readonly optional?: false;
}

/**
 * What a route for guests and users alike asks: a request without a token is a guest, and the user is undefined. A
 * token that comes must be accepted and meet the rest, as everywhere: a bad one is still refused with 401.
 */
export interface GuestRequirements extends Omit<AccessRequirements, 'optional'> {
  readonly optional: true;
}

const ACCESS_REQUIREMENTS = {
  roles: aStringList,
  scopes: aStringList,
  maxAuthAge: aNumber,
  optional: aBoolean,
} satisfies OptionChecks<AccessRequirements | GuestRequirements>;

/**
 * Decides for one caller.
 * @param now ms since the epoch
 */
export type AccessRule = (
  claims: Pick<VerifiedToken, 'roles' | 'scope' | 'auth_time'>,
  now: number,
) => void;

/** The arguments of a function that takes requirements last: none, or requirements that are there. */
export type RequirementArguments = [requirements?: AccessRequirements | GuestRequirements];

/**
 * Asserts that requirements were left out, or are there: `requireUser(undefined)` is a variable that is not
 * set, and must not open the route to every user.
 * @param given the arguments after those that always come
 * @throws {InvalidOption}
 */
export function assertRequirements(given: readonly unknown[]): void {
  if (given.length === 0) return;
  assertOptions('requireUser', given[0], ACCESS_REQUIREMENTS);
}

/**
 * Compiles requirements into a rule; undefined where nothing is asked, so that such a route pays nothing.
 *
 * An empty list of roles admits nobody, because nobody has any of them; an empty list of scopes admits
 * everybody.
 * @returns a function that throws {@link AccessDenied} or {@link ReauthenticationRequired}
 * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
 */
export function createAccessRule(
  requirements: AccessRequirements | GuestRequirements = {},
): AccessRule | undefined {
  assertOptions('requireUser', requirements, ACCESS_REQUIREMENTS);
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
  const allowed = new Set(roles);
  const message = `This needs ${roles.length === 1 ? 'the role' : 'one of the roles'} ${roles.join(', ')}.`;
  return (claims) => {
    if (claims.roles?.some((role) => allowed.has(role)) !== true) {
      throw new AccessDenied('insufficient_role', message);
    }
  };
}

function createScopeRule(scopes: readonly string[]): AccessRule {
  const needed = [...scopes];
  const message = `This needs a token with the scope ${needed.join(' ')}.`;
  return (claims) => {
    const granted = claims.scope?.split(' ') ?? [];
    if (!needed.every((scope) => granted.includes(scope))) {
      throw new AccessDenied('insufficient_scope', message, needed);
    }
  };
}

function createAuthAgeRule(maxAuthAge: number): AccessRule {
  if (!(maxAuthAge >= 0)) {
    throw new InvalidOption('maxAuthAge', 'maxAuthAge must be a number of seconds, 0 or more.');
  }
  return (claims, now) => {
    if (!(now / 1000 - claims.auth_time <= maxAuthAge)) {
      throw new ReauthenticationRequired(maxAuthAge);
    }
  };
}
