import { InvalidOption, isTokenRefusal, TokenRefused } from '../kernel/errors.ts';
import { createProtect, findGuardMember, type GuardMember } from './assemble-guard.ts';
import type { Guard, GuardStatus, GuestCheck, RequestCheck } from './guard.ts';
import {
  type AccessRequirements,
  assertRequirements,
  type GuestRequirements,
  type RequirementArguments,
} from './request/authorize.ts';
import { twoCredentials } from './request/credentials.ts';
import type { IncomingRequest } from './request/request.ts';
import type { CustomClaims } from './verify/authenticated-user.ts';
import { readUnverifiedClaims } from './verify/unverified-claims.ts';

/**
 * Combines guards of several issuers into one. Each keeps its own keys, audience, cookies, origins and revocations. The
 * `iss` of a token only selects the guard, and that guard verifies all of the token. A token of any other issuer is
 * refused.
 *
 * ```ts
 * const guard = combineGuards(
 *   createGuard({ issuer: 'https://auth.example', audience: 'https://api.example' }),
 *   createGuard({ issuer: 'https://staff.example', cookies: false }),
 * );
 * ```
 * @param guards at least one, each with an issuer of its own. Closing the combined guard closes them.
 * @throws {InvalidOption} for an object that `createGuard` did not return, for a guard without an issuer, and for two
 *   guards of one issuer
 */
export function combineGuards<Host extends object = CustomClaims>(
  ...guards: readonly Guard<Host>[]
): Guard<Host> {
  const members = new Map<string, GuardMember<Host>>();
  for (const [at, guard] of guards.entries()) addMember(members, guard, `guards[${at}]`);
  const all = [...members.values()];
  if (all.length === 0)
    throw new InvalidOption('guards', 'combineGuards needs at least one guard.');

  function findMember(token: unknown): GuardMember<Host> {
    const issuer = findIssuer(token);
    const member = issuer === undefined ? undefined : members.get(issuer);
    if (member !== undefined) return member;
    throw issuer === undefined
      ? new TokenRefused(
          'token_malformed',
          'This is not a token. Send the token as it was issued, whole and unchanged.',
        )
      : new TokenRefused(
          'token_wrong_issuer',
          'This token was issued by another server. Sign in here.',
        );
  }

  /** Finds the token of a request where any of the guards would find it. Its origin is not checked yet. */
  function findToken(request: IncomingRequest): string | undefined {
    let found: string | undefined;
    let refused: TokenRefused | undefined;
    for (const { credentials } of all) {
      try {
        const token = credentials.findUnproven(request) ?? found;
        if (found !== undefined && found !== token) throw twoCredentials();
        found = token;
      } catch (error) {
        // A guard that does not know the cookie of another one takes HTTP Basic beside it for a bad token.
        if (!isTokenRefusal(error)) throw error;
        refused = error;
      }
    }
    if (found === undefined && refused !== undefined) throw refused;
    return found;
  }

  function createCheck(...requirements: RequirementArguments): GuestCheck<Host> {
    const checks = new Map(all.map((member) => [member, member.guard.require(...requirements)]));
    const [ofFirst] = checks.values();
    const isOptional = requirements[0]?.optional === true;
    return (request) => {
      if (isOptional && all.every(({ credentials }) => credentials.isGuest(request))) return;
      const token = findToken(request);
      // Without a token, all guards refuse alike.
      const check = token === undefined ? ofFirst : checks.get(findMember(token));
      return check?.(request);
    };
  }

  function require(requirements: GuestRequirements): GuestCheck<Host>;
  function require(requirements?: AccessRequirements): RequestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host>;
  function require(...given: RequirementArguments): GuestCheck<Host> {
    assertRequirements(given);
    return createCheck(...given);
  }

  return {
    verify: (token) => findMember(token).guard.verify(token),
    authenticate: require() as RequestCheck<Host>,
    require,
    protect: createProtect<Host>(require),
    async ready() {
      await Promise.all(all.map(({ guard }) => guard.ready()));
    },
    status: () => combineStatus(all),
    close() {
      for (const { guard } of all) guard.close();
    },
  };
}

function addMember<Host extends object>(
  members: Map<string, GuardMember<Host>>,
  guard: Guard<Host>,
  name: string,
): void {
  const member = findGuardMember(guard);
  if (member === undefined) {
    throw new InvalidOption(name, `${name} must be what createGuard returned.`);
  }
  const { issuer } = member;
  if (issuer === undefined) {
    const problem = 'has no issuer, so it is not known which tokens it verifies.';
    throw new InvalidOption(name, `${name} ${problem} Give createGuard the option issuer.`);
  }
  if (members.has(issuer)) {
    throw new InvalidOption(
      name,
      `${name} is the second guard of ${issuer}. Give each issuer one.`,
    );
  }
  members.set(issuer, member);
}

function findIssuer(token: unknown): string | undefined {
  const { iss } = readUnverifiedClaims(token);
  return typeof iss === 'string' ? iss : undefined;
}

/** Ready if all are. Of keys and revocations it reports the worst, and under `issuers` the status of each guard. */
function combineStatus(members: readonly GuardMember<object>[]): GuardStatus {
  const issuers = Object.fromEntries(
    members.map(({ issuer = '', guard }) => [issuer, guard.status()]),
  );
  const all = Object.values(issuers);
  const fetched = all.map(({ keys }) => keys.fetchedAt).filter((at) => at !== undefined);
  const lag = ({ revocations }: GuardStatus) =>
    revocations === undefined ? -1 : (revocations.staleness ?? Number.POSITIVE_INFINITY);
  const worst = all.reduce((one, other) => (lag(other) > lag(one) ? other : one));
  return {
    ready: all.every(({ ready }) => ready),
    keys: {
      kids: all.flatMap(({ keys }) => keys.kids),
      fetchedAt: fetched.length === 0 ? undefined : Math.min(...fetched),
      error: all.find(({ keys }) => keys.error !== undefined)?.keys.error,
    },
    revocations: worst.revocations,
    issuers,
  };
}
