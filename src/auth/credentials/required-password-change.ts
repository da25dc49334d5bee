import { AccountDisabled, InvalidInput, OneTimeSecretRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, settleRevoked } from '../context.ts';
import { InputReader } from '../input.ts';
import type { UserRecord } from '../model.ts';
import {
  createSession,
  type IssuedTokens,
  issue,
  issueCurrentTokens,
  type NewSession,
} from '../sessions/sign-in.ts';
import type { SignInChallenge } from '../sessions/sign-in-result.ts';
import type { TokenLimits } from '../sessions/token-limits.ts';
import { readNewPassword } from '../users/new-user.ts';
import { createOneTimeSecret, type ProvenSecret, proveOneTimeSecret } from './one-time-secrets.ts';

/** Characters of a challenge: more than any has. */
const CHALLENGE_MAX = 256;

/**
 * Asks for a new password in a sign-in whose proof was accepted.
 * @throws {StoreUnavailable}
 */
export async function challengeForPassword(
  context: AuthContext,
  { userId, caller, ...start }: NewSession,
): Promise<SignInChallenge> {
  const secret = await createOneTimeSecret(context, {
    purpose: 'password-change',
    subject: userId,
    data: start,
  });
  if (secret === undefined) throw new Error('The oldest challenge was not replaced.');
  const challenged = {
    type: 'login_challenged',
    subject: aboutUser(userId),
    changes: { required: 'password_change' },
  } as const;
  await context.store.recordEvent(context.createEvent(challenged, identify(caller, userId)));
  const expiresIn = Math.floor((secret.expiresAt - context.clock.now()) / 1000);
  return { required: 'password_change', challenge: secret.token, expiresIn };
}

/**
 * Completes a sign-in that needs a new password: sets it, and starts the session in the same transaction. All
 * other sessions of the user end.
 * @param input `{ challenge, new_password }`
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @throws {InvalidInput} the challenge can be presented again
 * @throws {OneTimeSecretRefused} the challenge is not valid, has expired or was used
 * @throws {AccountDisabled}
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 * @throws {Overloaded}
 * @throws {StoreUnavailable}
 */
export async function changeRequiredPassword(
  context: AuthContext,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const reader = new InputReader(input);
  const challenge = reader.string('challenge', { max: CHALLENGE_MAX });
  const password = readNewPassword(reader, 'new_password', context.settings);
  reader.finish();
  const proven = await proveOneTimeSecret(
    context,
    { token: challenge },
    { purpose: 'password-change' },
  );
  const record = await context.store.findUser({ id: proven.subject });
  if (record === undefined) throw new OneTimeSecretRefused();
  if (record.disabledAt !== null) throw new AccountDisabled();
  // The attack: a thief who knows the old password keeps access, because the user chooses it again.
  if ((await context.hasher.verify(record.passwordHash, password)).ok) {
    const problem = '"new_password" must differ from the current password.';
    throw new InvalidInput([{ field: 'new_password', problem }]);
  }
  const newHash = await context.hasher.hash(password);
  return complete(context, record, proven, { newHash, caller, limits });
}

async function complete(
  context: AuthContext,
  record: UserRecord,
  { data, use }: ProvenSecret,
  { newHash, caller, limits }: { newHash: string; caller: Caller; limits: TokenLimits | undefined },
): Promise<IssuedTokens> {
  const { id: userId } = record;
  const start = data as unknown as Omit<NewSession, 'userId' | 'caller'>;
  const session = createSession(context, { ...start, userId, caller });
  const now = session.createdAt;
  const changedRecord: UserRecord = {
    ...record,
    tokenVersion: record.tokenVersion + 1,
    passwordChangeRequiredAt: null,
    updatedAt: now,
  };
  const issued = await issue(context, changedRecord, session, limits);
  const subject = aboutUser(userId);
  const user = identify(caller, userId);
  const started = { type: 'login_succeeded', subject, sessionId: session.id } as const;
  const changed = await settleRevoked(
    context,
    context.store.changePassword({
      userId,
      verifiedHash: null,
      newHash,
      keep: null,
      consume: use,
      start: { session, event: context.createEvent(started, user) },
      now,
      ...createRevocationArgs(context, { type: 'password_changed', subject }, user),
    }),
  );
  // Another use of the challenge was first, or it ended with the password.
  if (changed.user === undefined) throw new OneTimeSecretRefused();
  return issueCurrentTokens(context, issued, changed.user, session);
}
