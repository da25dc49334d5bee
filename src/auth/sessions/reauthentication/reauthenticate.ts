import { FactorRefused, ReauthenticationRequired } from '../../../kernel/errors.ts';
import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import type { AuthContext } from '../../context.ts';
import {
  changesTooOften,
  PROOF_ATTEMPTS,
  proveCurrentPassword,
} from '../../credentials/password-proof.ts';
import {
  checkFactor,
  type PresentedFactor,
  readFactor,
} from '../../credentials/second-factors/check-factor.ts';
import { InputReader } from '../../input.ts';
import type { Attempt } from '../../limits/attempt.ts';
import { admitFactorInSession } from '../../limits/factor-attempt.ts';
import { beginInSession } from '../../limits/sign-in-attempt.ts';
import { type Principal, userGone } from '../principal.ts';
import type { IssuedTokens } from '../tokens/issued-tokens.ts';
import type { TokenLimits } from '../tokens/token-limits.ts';
import { ACR_OF_SECOND_FACTOR, FRESH_SECONDS, findStrongestFactor } from './freshness.ts';
import { renewSession } from './renew-session.ts';

/**
 * What a user gives to reauthenticate: the password, or a second factor if the account has one. The names are those of
 * the request.
 */
export type ReauthenticationInput =
  | {
      /** The password, exactly as the user typed it. */
      readonly password: string;
    }
  | PresentedFactor;

/** Lets a signed-in user authenticate again: see `Auth.reauthenticate`. */
export async function reauthenticate(
  context: AuthContext,
  principal: Principal,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const reader = new InputReader(input);
  if (reader.has('method') || reader.has('code')) {
    const presented = readFactor(reader);
    reader.finish();
    return reauthenticateByFactor(context, principal, { presented, caller, limits });
  }
  const password = reader.string('password', { max: context.settings.passwordMaxLength });
  reader.finish();
  await assertPasswordSuffices(context, principal);
  const attempt = await beginInSession(context, principal, caller);
  return attempt.run(() => prove(context, principal, { password, attempt, caller, limits }));
}

/**
 * Asserts that the account has nothing stronger than a password. The attack: a thief with the password and a stolen
 * session makes the session fresh.
 * @throws {ReauthenticationRequired}
 */
async function assertPasswordSuffices({ store }: AuthContext, { sub }: Principal): Promise<void> {
  const user = await store.findUser({ id: sub });
  if (user === undefined || findStrongestFactor(user) === 'first') return;
  throw new ReauthenticationRequired(FRESH_SECONDS, [ACR_OF_SECOND_FACTOR]);
}

async function reauthenticateByFactor(
  context: AuthContext,
  principal: Principal,
  {
    presented,
    caller,
    limits,
  }: {
    readonly presented: PresentedFactor;
    readonly caller: Caller;
    readonly limits: TokenLimits | undefined;
  },
): Promise<IssuedTokens> {
  const { sub: userId, sid: sessionId } = principal;
  return admitFactorInSession(context, principal, async () => {
    const record = await context.store.findUser({ id: userId });
    if (record === undefined) throw userGone();
    const factor = await checkFactor(context, userId, presented, caller);
    const proof = factor && ({ kind: 'second_factor', factor } as const);
    const tokens =
      proof && (await renewSession(context, principal, { record, proof, caller, limits }));
    if (tokens !== undefined) return tokens;
    const about = { subject: aboutUser(userId), sessionId, reason: 'wrong_code' } as const;
    const event = { type: 'reauthentication_failed', ...about } as const;
    await context.store.recordEvent(context.createEvent(event, identify(caller, userId)));
    throw new FactorRefused();
  });
}

async function prove(
  context: AuthContext,
  principal: Principal,
  {
    password,
    attempt,
    caller,
    limits,
  }: {
    readonly password: string;
    readonly attempt: Attempt;
    readonly caller: Caller;
    readonly limits: TokenLimits | undefined;
  },
): Promise<IssuedTokens> {
  for (let tries = 0; tries < PROOF_ATTEMPTS; tries++) {
    const proven = await proveCurrentPassword(context, principal, password, {
      failure: 'reauthentication_failed',
      message: 'The password is incorrect.',
      caller,
    });
    const rehash = proven.isOutdated ? await context.hasher.hash(password) : null;
    const { record, verifiedHash } = proven;
    const proof = { kind: 'password', verifiedHash, rehash } as const;
    const renewal = { record, proof, caller, limits, ...attempt.places };
    const tokens = await renewSession(context, principal, renewal);
    if (tokens !== undefined) {
      attempt.succeeded();
      return tokens;
    }
    // The hash changed in between, perhaps because a sign-in replaced an outdated one. Verify the password again.
  }
  throw changesTooOften();
}
