import { CredentialsRefused, InvalidInput, TokenRefused } from '../errors.ts';
import { type Bearer, userGone } from './account.ts';
import type { Caller } from './audit.ts';
import { type AuthContext, createRevoking, settleRevoked } from './context.ts';
import { InputReader } from './input.ts';
import { readNewPassword } from './new-user.ts';
import { createSignIn, issue, issueAgainIfChanged, type SignIn } from './sign-in.ts';
import type { TokenLimits } from './token-limits.ts';

/**
 * Replaces the password, ends every other session, and gives this one new tokens. Its old ones are refused
 * from then on, without a grace window: whoever copied them is out.
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @throws {InvalidInput}
 * @throws {CredentialsRefused} when the current password is wrong
 * @throws {TokenRefused} when the session has ended or the user was deleted
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 * @throws {Overloaded}
 */
export async function changePassword(
  context: AuthContext,
  bearer: Bearer,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<SignIn> {
  const { settings, store, hasher, clock } = context;
  const { current, next } = readPasswords(context, input);
  const userId = bearer.sub;
  const record = await store.findUser({ id: userId });
  if (record === undefined) throw userGone();
  const verifiedHash = record.passwordHash;
  const { ok } = await hasher.verify(verifiedHash, current);
  if (!ok || verifiedHash === null) throw wrongPassword();

  const newHash = await hasher.hash(next);
  await context.assertCanIssue();
  const now = clock.now();
  const kept = await store.findSession({ sessionId: bearer.sid, now });
  if (kept?.user.id !== userId) throw await explainGone(context, userId);
  // Issued before anything is written, as the user will be: a hook of the host's that throws changes nothing.
  const changedRecord = { ...record, tokenVersion: record.tokenVersion + 1, updatedAt: now };
  const issued = await issue(context, changedRecord, kept.session, limits);
  const about = { userId, sessionId: bearer.sid };
  const changed = await settleRevoked(
    context,
    store.changePassword({
      userId,
      verifiedHash,
      newHash,
      keep: { sessionId: bearer.sid, expiresAt: now + settings.refreshTokenTtl * 1000 },
      now,
      ...createRevoking(context, 'password_changed', about, caller),
    }),
  );
  if (changed.kept === undefined) {
    const live = await store.findSession({ sessionId: bearer.sid, now });
    // Another change came first: what was verified is no longer the password.
    throw live === undefined ? await explainGone(context, userId) : wrongPassword();
  }
  const { user, session } = changed.kept;
  return createSignIn(context, await issueAgainIfChanged(context, issued, user, session), session);
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

function wrongPassword(): CredentialsRefused {
  return new CredentialsRefused('The current password is incorrect.');
}

async function explainGone({ store }: AuthContext, userId: string): Promise<TokenRefused> {
  if ((await store.findUser({ id: userId })) === undefined) return userGone();
  return new TokenRefused('token_revoked', 'This session has ended. Sign in again.');
}
