import { MAX_TOKEN_LENGTH } from '../jwt/limits.ts';
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

/**
 * Combines guards of several issuers into one. Each keeps its keys, audience, cookies, origins and revocations to
 * itself: what a token says of its issuer only decides which guard judges it, and that guard judges all of it. A
 * token of any other issuer is refused.
 *
 * ```ts
 * const guard = combineGuards(
 *   createGuard({ issuer: 'https://auth.example', audience: 'https://api.example' }),
 *   createGuard({ issuer: 'https://staff.example', cookies: false }),
 * );
 * ```
 * @param guards each with an issuer of its own; closing the combined guard closes them
 * @throws {InvalidOption} for what `createGuard` did not return, for a guard without an issuer, and for two of one
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
    const issuer = readIssuer(token);
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

  /** The token of a request, wherever one of the guards takes it from; where it is from proves nothing yet. */
  function findToken(request: IncomingRequest): string | undefined {
    let found: string | undefined;
    let refused: TokenRefused | undefined;
    for (const { credentials } of all) {
      try {
        const token = credentials.findUnproven(request) ?? found;
        if (found !== undefined && found !== token) throw twoCredentials();
        found = token;
      } catch (error) {
        // Without the cookie of another guard, HTTP Basic beside it looks like a bad token.
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
      // Where there is none, they all say the same.
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
    const problem = 'has no issuer, so nobody can tell which tokens it judges.';
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

/** What a token says of its issuer, unproven. */
function readIssuer(token: unknown): string | undefined {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return undefined;
  const payload = token.split('.', 2)[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const issuer = (claims as { readonly iss?: unknown } | null)?.iss;
    return typeof issuer === 'string' ? issuer : undefined;
  } catch {
    return undefined;
  }
}

/** Ready where all are. Of keys and revocations it says the worst, and under `issuers` all there is. */
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
