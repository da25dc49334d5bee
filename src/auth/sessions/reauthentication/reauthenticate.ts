import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../../context.ts';
import {
  changesTooOften,
  PROOF_ATTEMPTS,
  type ProvenUser,
  proveCurrentPassword,
} from '../../credentials/password-proof.ts';
import { InputReader } from '../../input.ts';
import type { Attempt } from '../../limits/attempt.ts';
import { beginInSession, rememberDevice } from '../../limits/sign-in-attempt.ts';
import type { PlacesLeft } from '../../ports/limits.ts';
import { explainGoneSession, findLiveSession } from '../find-session.ts';
import type { Principal } from '../principal.ts';
import { findLifetime, limitExpiry } from '../session-lifetime.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from '../tokens/issued-tokens.ts';
import type { TokenLimits } from '../tokens/token-limits.ts';

/** What a user gives to reauthenticate. The name is that of the request. */
export interface ReauthenticationInput {
  /** The password, exactly as the user typed it. */
  readonly password: string;
}

/** Lets a signed-in user authenticate again: see `Auth.reauthenticate`. */
export async function reauthenticate(
  context: AuthContext,
  principal: Principal,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const reader = new InputReader(input);
  const password = reader.string('password', { max: context.settings.passwordMaxLength });
  reader.finish();
  const attempt = await beginInSession(context, principal, caller);
  return attempt.run(() => prove(context, principal, { password, attempt, caller, limits }));
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
    const renewal = { ...proven, rehash, caller, limits, ...attempt.places };
    const tokens = await renew(context, principal, renewal);
    if (tokens !== undefined) {
      attempt.succeeded();
      return tokens;
    }
    // The hash changed in between, perhaps because a sign-in replaced an outdated one. Verify the password again.
  }
  throw changesTooOften();
}

/**
 * Moves the session to its next generation, with a new time of authentication.
 * @returns undefined if the hash is no longer the one that was verified
 * @throws {TokenRefused} when the session has ended or the user was deleted
 */
async function renew(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  options: ProvenUser & {
    rehash: string | null;
    caller: Caller;
    limits: TokenLimits | undefined;
    places?: PlacesLeft;
  },
): Promise<IssuedTokens | undefined> {
  const { settings, store, clock } = context;
  const { record, verifiedHash, rehash, caller, limits, places } = options;
  await context.assertCanIssue();
  const now = clock.now();
  const lifetime = findLifetime(settings, now);
  const found = await findLiveSession(context, sessionId, now);
  if (found?.user.id !== userId) throw await explainGoneSession(context, userId);
  const amr = [...new Set([...found.session.amr, 'pwd'])];
  // Issued before anything is written, for the session as it will be: if a hook of the host throws, nothing changes.
  const renewed = {
    ...found.session,
    authTime: now,
    amr,
    expiresAt: limitExpiry(found.session.createdAt, lifetime),
  };
  const changedRecord = { ...record, tokenVersion: record.tokenVersion + 1 };
  const issued = await issue(context, changedRecord, renewed, limits);
  const { renewed: written } = await runRevocation(
    context,
    store.reauthenticate({
      userId,
      sessionId,
      proof: { kind: 'password', verifiedHash, rehash },
      amr,
      ...(places === undefined ? {} : { places }),
      now,
      ...lifetime,
      ...createRevocationArgs(
        context,
        { type: 'reauthenticated', subject: aboutUser(userId), sessionId },
        identify(caller, userId),
      ),
    }),
  );
  if (written !== undefined) {
    const tokens = await issueCurrentTokens(context, issued, written.user, written.session);
    return { ...tokens, ...rememberDevice(context, written.user, caller) };
  }
  const live = await findLiveSession(context, sessionId, now);
  if (live === undefined) throw await explainGoneSession(context, userId);
  return undefined;
}
