import { InvalidInput } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../context.ts';
import { InputReader } from '../input.ts';
import type { Attempt } from '../limits/attempt.ts';
import { beginInSession, rememberDevice } from '../limits/sign-in-attempt.ts';
import type { PlacesLeft } from '../ports/limits.ts';
import { explainGoneSession, findLiveSession } from '../sessions/find-session.ts';
import type { Principal } from '../sessions/principal.ts';
import { assertFresh, findStrongestFactor } from '../sessions/reauthentication/freshness.ts';
import { findLifetime, limitExpiry } from '../sessions/session-lifetime.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from '../sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from '../sessions/tokens/token-limits.ts';
import {
  changesTooOften,
  PROOF_ATTEMPTS,
  type ProvenUser,
  proveCurrentPassword,
} from './password-proof.ts';
import { assertChosenPassword, readNewPassword } from './passwords/password-rules.ts';
import { preparePassword } from './passwords/prepare-password.ts';

/** What a user gives to change the password. The names are those of the request. */
export interface PasswordChangeInput {
  /** The password as it is now. It proves that the user asks. */
  readonly current_password: string;
  /** As for {@link NewUserInput}. Not the current one. */
  readonly new_password: string;
}

/** Replaces the password of a signed-in user: see `Auth.changePassword`. */
export async function changePassword(
  context: AuthContext,
  principal: Principal,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const passwords = readPasswords(context, input);
  await assertFreshFactor(context, principal);
  const attempt = await beginInSession(context, principal, caller);
  return attempt.run(() => change(context, principal, { ...passwords, attempt, caller, limits }));
}

/**
 * Asserts that a user with a second factor presented it recently. The attack: a thief with the password and a stolen session
 * chooses another password, and the owner is out.
 * @throws {ReauthenticationRequired}
 */
async function assertFreshFactor(
  context: AuthContext,
  { sub: userId, sid }: Principal,
): Promise<void> {
  const now = context.clock.now();
  const live = await findLiveSession(context, sid, now);
  // A session that has ended is refused later, as it is where the account has no second factor.
  if (live?.user.id !== userId) return;
  const strongest = findStrongestFactor(live.user);
  if (strongest === 'second') assertFresh(live.session, strongest, now);
}

async function change(
  context: AuthContext,
  principal: Principal,
  {
    current,
    next,
    attempt,
    caller,
    limits,
  }: {
    readonly current: string;
    readonly next: string;
    readonly attempt: Attempt;
    readonly caller: Caller;
    readonly limits: TokenLimits | undefined;
  },
): Promise<IssuedTokens> {
  let newHash: string | undefined;
  for (let tries = 0; tries < PROOF_ATTEMPTS; tries++) {
    const proven = await proveCurrentPassword(context, principal, current, {
      failure: 'password_change_failed',
      message: 'The current password is incorrect.',
      caller,
    });
    newHash ??= await hashNewPassword(context, next, proven.record);
    const replacement = { ...proven, newHash, caller, limits, ...attempt.places };
    const tokens = await replaceHash(context, principal, replacement);
    if (tokens !== undefined) {
      attempt.succeeded();
      return tokens;
    }
    // The hash changed in between. If a sign-in replaced an outdated one, the password matches the new one too.
  }
  throw changesTooOften();
}

/** @throws {InvalidInput} when the password is easy to guess */
async function hashNewPassword(
  { hasher, settings: { appName } }: AuthContext,
  password: string,
  user: ProvenUser['record'],
): Promise<string> {
  await assertChosenPassword(password, 'new_password', { user, appName });
  return hasher.hash(password);
}

/**
 * Replaces the verified hash and keeps this session.
 * @returns undefined if the hash is no longer the one that was verified
 * @throws {TokenRefused} when the session has ended or the user was deleted
 */
async function replaceHash(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  options: ProvenUser & {
    newHash: string;
    caller: Caller;
    limits: TokenLimits | undefined;
    places?: PlacesLeft;
  },
): Promise<IssuedTokens | undefined> {
  const { settings, store, clock } = context;
  const { record, verifiedHash, newHash, caller, limits, places } = options;
  await context.assertCanIssue();
  const now = clock.now();
  const lifetime = findLifetime(settings, now);
  const kept = await findLiveSession(context, sessionId, now);
  if (kept?.user.id !== userId) throw await explainGoneSession(context, userId);
  // Issued before anything is written, for the user as it will be: if a hook of the host throws, nothing changes.
  const changedRecord = { ...record, tokenVersion: record.tokenVersion + 1, updatedAt: now };
  const expiresAt = limitExpiry(kept.session.createdAt, lifetime);
  const issued = await issue(context, changedRecord, { ...kept.session, expiresAt }, limits);
  const changed = await runRevocation(
    context,
    store.changePassword({
      userId,
      verifiedHash,
      newHash,
      keep: { sessionId, ...lifetime },
      ...(places === undefined ? {} : { places }),
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
    if (live === undefined) throw await explainGoneSession(context, userId);
    return undefined;
  }
  const { user, session } = changed.kept;
  const tokens = await issueCurrentTokens(context, issued, user, session);
  return { ...tokens, ...rememberDevice(context, user, caller) };
}

function readPasswords(
  { settings }: AuthContext,
  input: unknown,
): { current: string; next: string } {
  const reader = new InputReader(input);
  const current = reader.string('current_password', { max: settings.passwordMaxLength });
  const next = readNewPassword(reader, 'new_password', settings);
  reader.finish();
  if (preparePassword(current) === preparePassword(next)) {
    const problem = '"new_password" must differ from "current_password".';
    throw new InvalidInput([{ field: 'new_password', problem, code: 'password_unchanged' }]);
  }
  return { current, next };
}
