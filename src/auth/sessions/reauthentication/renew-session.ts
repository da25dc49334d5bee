import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../../context.ts';
import { addSecondFactor } from '../../credentials/second-factors/check-factor.ts';
import { rememberDevice } from '../../limits/sign-in-attempt.ts';
import type { UserRecord } from '../../model.ts';
import type { PlacesLeft } from '../../ports/limits.ts';
import type { RenewalProof } from '../../ports/proof.ts';
import { explainGoneSession, findLiveSession } from '../find-session.ts';
import type { Principal } from '../principal.ts';
import { findLifetime, limitExpiry } from '../session-lifetime.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from '../tokens/issued-tokens.ts';
import type { TokenLimits } from '../tokens/token-limits.ts';

/** A reauthentication whose proof was accepted. */
export interface Renewal {
  /** The user as stored when the proof was accepted. */
  readonly record: UserRecord;
  readonly proof: RenewalProof;
  readonly caller: Caller;
  readonly limits: TokenLimits | undefined;
  /** The attempt that succeeds with it. */
  readonly places?: PlacesLeft;
}

/**
 * Moves the session to its next generation, with a new time of authentication.
 * @returns undefined if the proof no longer holds
 * @throws {TokenRefused} when the session has ended or the user was deleted
 */
export async function renewSession(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  { record, proof, caller, limits, places }: Renewal,
): Promise<IssuedTokens | undefined> {
  const { settings, store, clock } = context;
  await context.assertCanIssue();
  const now = clock.now();
  const lifetime = findLifetime(settings, now);
  const found = await findLiveSession(context, sessionId, now);
  if (found?.user.id !== userId) throw await explainGoneSession(context, userId);
  const before = found.session;
  const isFactor = proof.kind === 'second_factor';
  const amr = isFactor ? addSecondFactor(before.amr) : [...new Set([...before.amr, 'pwd'])];
  // Issued before anything is written, for the session as it will be: if a hook of the host throws, nothing changes.
  const renewed = {
    ...before,
    authTime: now,
    mfaTime: isFactor ? now : before.mfaTime,
    amr,
    expiresAt: limitExpiry(before.createdAt, lifetime),
  };
  const changedRecord = { ...record, tokenVersion: record.tokenVersion + 1 };
  const issued = await issue(context, changedRecord, renewed, limits);
  const { renewed: written } = await runRevocation(
    context,
    store.reauthenticate({
      userId,
      sessionId,
      proof,
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
