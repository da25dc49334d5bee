import { AccessDenied, InvalidOption, ReauthenticationRequired } from '../../kernel/errors.ts';
import {
  aBoolean,
  aNumber,
  aStringList,
  assertOptions,
  type OptionChecks,
} from '../../kernel/options/check-options.ts';
import type { VerifiedToken } from '../verify/access-claims.ts';
import type { Permission } from '../verify/authenticated-user.ts';

/** What a route requires in addition to a valid token. */
export interface AccessRequirements {
  /** The user must have at least one of these roles. An empty list lets no user pass. Default: any roles. */
  readonly roles?: readonly string[];
  /**
   * The user must have all of these permissions, which the server's option `permissions` gives to roles. Default: any
   * permissions. @see RFC 9068 section 2.2.3.1
   */
  readonly permissions?: readonly Permission[];
  /** The token must have all of these scopes. Default: any scopes. @see RFC 6749 section 3.3 */
  readonly scopes?: readonly string[];
  /** The most seconds since the user last authenticated, 0 or more. Default: any time. @see RFC 9470 */
  readonly maxAuthAge?: number;
  /** Default false: a request without a token is refused. */
  readonly optional?: false;
}

/**
 * What a route requires that guests may use too. A request without a token is a guest, and its user is undefined. A
 * request with a token must meet all requirements: a token that is not valid is still refused with 401.
 */
export interface GuestRequirements extends Omit<AccessRequirements, 'optional'> {
  /** Lets requests without a token pass. */
  readonly optional: true;
}

const ACCESS_REQUIREMENTS = {
  roles: aStringList,
  permissions: aStringList,
  scopes: aStringList,
  maxAuthAge: aNumber,
  optional: aBoolean,
} satisfies OptionChecks<AccessRequirements | GuestRequirements>;

/**
 * Asserts that the user of a token meets the requirements.
 * @param now ms since the epoch
 * @throws {AccessDenied}
 * @throws {ReauthenticationRequired}
 */
export type AccessRule = (
  claims: Pick<VerifiedToken, 'roles' | 'entitlements' | 'scope' | 'auth_time'>,
  now: number,
) => void;

/** Whether the user of a token has a permission. */
export type PermissionTest = (
  claims: Pick<VerifiedToken, 'roles' | 'entitlements'>,
  permission: string,
) => boolean;

/** The arguments of a function that takes requirements last: none, or one that is not undefined. */
export type RequirementArguments = [requirements?: AccessRequirements | GuestRequirements];

/**
 * Asserts that requirements were either left out or given: in `requireUser(undefined)` a variable is not set, which must
 * not open the route to every user.
 * @param given the arguments after those that are always given
 * @throws {InvalidOption}
 */
export function assertRequirements(given: readonly unknown[]): void {
  if (given.length === 0) return;
  assertOptions('requireUser', given[0], ACCESS_REQUIREMENTS);
}

/**
 * Compiles requirements into a rule.
 *
 * An empty list of roles lets no user pass, as no user has one of them. An empty list of permissions or scopes lets every user pass.
 * @param hasPermission decides about permissions. Default: the `entitlements` of the token
 * @returns undefined if nothing is required, so that such a route has no rule to run
 * @throws {InvalidOption} for an unknown requirement, an undefined value, or one of the wrong kind
 */
export function createAccessRule(
  requirements: AccessRequirements | GuestRequirements = {},
  hasPermission: PermissionTest = isEntitled,
): AccessRule | undefined {
  assertOptions('requireUser', requirements, ACCESS_REQUIREMENTS);
  const { roles, permissions, scopes, maxAuthAge } = requirements;
  const rules = [
    ...(roles === undefined ? [] : [createRoleRule(roles)]),
    ...(permissions === undefined || permissions.length === 0
      ? []
      : [createPermissionRule(permissions, hasPermission)]),
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

function isEntitled({ entitlements }: Pick<VerifiedToken, 'entitlements'>, permission: string) {
  return entitlements?.includes(permission) === true;
}

function createPermissionRule(
  permissions: readonly string[],
  hasPermission: PermissionTest,
): AccessRule {
  const needed = [...permissions];
  const message = `This needs the ${needed.length === 1 ? 'permission' : 'permissions'} ${needed.join(', ')}.`;
  return (claims) => {
    if (!needed.every((permission) => hasPermission(claims, permission))) {
      throw new AccessDenied('insufficient_permission', message);
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
