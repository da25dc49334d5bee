import { CredentialsRefused, InvalidInput, TokenRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, settleRevoked } from '../context.ts';
import { InputReader } from '../input.ts';
import type { UserRecord } from '../model.ts';
import { type Principal, userGone } from '../sessions/account.ts';
import { findLiveSession } from '../sessions/find-live-session.ts';
import { changesTooOften, explainRefusal, PROOF_ATTEMPTS } from '../sessions/login.ts';
import { findLifetime, limitExpiry } from '../sessions/session-lifetime.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from '../sessions/sign-in.ts';
import type { TokenLimits } from '../sessions/token-limits.ts';
import { readNewPassword } from '../users/new-user.ts';

/**
 * Replaces the password, ends every other session, and gives this one new tokens. Its old ones are refused
 * from then on, without a grace window: whoever copied them is out.
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @throws {InvalidInput}
 * @throws {CredentialsRefused} when the current password is wrong
 * @throws {TokenRefused} when the session has ended or the user was deleted
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 * @throws {Overloaded}
 * @throws {StoreUnavailable}
 */
export async function changePassword(
  context: AuthContext,
  bearer: Principal,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const { current, next } = readPasswords(context, input);
  let newHash: string | undefined;
  for (let attempt = 0; attempt < PROOF_ATTEMPTS; attempt++) {
    const proven = await provePassword(context, bearer, current, caller);
    newHash ??= await context.hasher.hash(next);
    const tokens = await replaceHash(context, bearer, { ...proven, newHash, caller, limits });
    if (tokens !== undefined) return tokens;
    // The hash changed in between. If a login replaced an outdated one, the password matches the new one, too.
  }
  throw changesTooOften();
}

interface ProvenUser {
  readonly record: UserRecord;
  /** The hash that the password matched. */
  readonly verifiedHash: string;
}

/** @throws {TokenRefused} @throws {CredentialsRefused} after it recorded that */
async function provePassword(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  password: string,
  caller: Caller,
): Promise<ProvenUser> {
  const record = await context.store.findUser({ id: userId });
  if (record === undefined) throw userGone();
  const verifiedHash = record.passwordHash;
  const { ok } = await context.hasher.verify(verifiedHash, password);
  if (ok && verifiedHash !== null) return { record, verifiedHash };
  // A guess with a stolen access token must leave a trace.
  const about = { subject: aboutUser(userId), sessionId, reason: explainRefusal(record) };
  const event = { type: 'password_change_failed', ...about } as const;
  await context.store.recordEvent(context.createEvent(event, identify(caller, userId)));
  throw new CredentialsRefused('The current password is incorrect.');
}

/**
 * @returns undefined where the hash is not the one that was verified
 * @throws {TokenRefused} when the session has ended or the user was deleted
 */
async function replaceHash(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  options: ProvenUser & { newHash: string; caller: Caller; limits: TokenLimits | undefined },
): Promise<IssuedTokens | undefined> {
  const { settings, store, clock } = context;
  const { record, verifiedHash, newHash, caller, limits } = options;
  await context.assertCanIssue();
  const now = clock.now();
  const lifetime = findLifetime(settings, now);
  const kept = await findLiveSession(context, sessionId, now);
  if (kept?.user.id !== userId) throw await explainGone(context, userId);
  // Issued before anything is written, as the user will be: a hook of the host's that throws changes nothing.
  const changedRecord = { ...record, tokenVersion: record.tokenVersion + 1, updatedAt: now };
  const expiresAt = limitExpiry(kept.session.createdAt, lifetime);
  const issued = await issue(context, changedRecord, { ...kept.session, expiresAt }, limits);
  const changed = await settleRevoked(
    context,
    store.changePassword({
      userId,
      verifiedHash,
      newHash,
      keep: { sessionId, ...lifetime },
      now,
      ...createRevocationArgs(
        context,
        { type: 'password_changed', subject: aboutUser(userId), sessionId },
        identify(caller, userId),
      ),
    }),
  );
  if (changed.kept === undefined) {
    const live = await findLiveSession(context, sessionId, now);
    if (live === undefined) throw await explainGone(context, userId);
    return undefined;
  }
  const { user, session } = changed.kept;
  return issueCurrentTokens(context, issued, user, session);
}

function readPasswords(
  { settings }: AuthContext,
  input: unknown,
): { current: string; next: string } {
  const reader = new InputReader(input);
  const current = reader.string('current_password', { max: settings.passwordMaxLength });
  const next = readNewPassword(reader, 'new_password', settings);
  reader.finish();
  if (current === next) {
    const problem = '"new_password" must differ from "current_password".';
    throw new InvalidInput([{ field: 'new_password', problem }]);
  }
  return { current, next };
}

async function explainGone({ store }: AuthContext, userId: string): Promise<TokenRefused> {
  if ((await store.findUser({ id: userId })) === undefined) return userGone();
  return new TokenRefused('token_revoked', 'This session has ended. Sign in again.');
}
