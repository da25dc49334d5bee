import { AccountDisabled, InvalidInput, OneTimeSecretRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../context.ts';
import { askBeforeSignIn } from '../hooks/before-sign-in.ts';
import { InputReader } from '../input.ts';
import { rememberDevice } from '../limits/sign-in-attempt.ts';
import type { UserRecord } from '../model.ts';
import type { AnsweredChallenge } from '../ports/one-time-secrets.ts';
import { createSession, type NewSession } from '../sessions/new-session.ts';
import type { PasswordChangeChallenge } from '../sessions/sign-in-result.ts';
import { type IssuedTokens, issue, issueCurrentTokens } from '../sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from '../sessions/tokens/token-limits.ts';
import { createOneTimeSecret, type ProvenSecret, proveOneTimeSecret } from './one-time-secrets.ts';
import { assertChosenPassword, readNewPassword } from './passwords/password-rules.ts';

/** The longest challenge that is read, in characters. Ours are shorter. */
const CHALLENGE_MAX = 256;

/** What a user gives to set a required new password. The names are those of the request. */
export interface RequiredPasswordChangeInput {
  /** The `challenge` of the sign-in. */
  readonly challenge: string;
  /** As for {@link NewUserInput}. Not the current one. */
  readonly new_password: string;
}

/**
 * Makes the challenge for a sign-in whose proofs were all accepted and that needs a new password.
 * @param answer the challenge before this one, with the code of the second factor that answers it
 * @returns undefined if that answer is no longer good
 * @throws {StoreUnavailable}
 */
export async function challengeForPassword(
  context: AuthContext,
  { userId, caller, ...start }: NewSession,
  answer?: AnsweredChallenge,
): Promise<PasswordChangeChallenge | undefined> {
  const secret = await createOneTimeSecret(context, {
    purpose: 'password-change',
    subject: userId,
    data: start,
    ...(answer === undefined ? {} : { answer }),
  });
  if (secret === undefined) return undefined;
  const challenged = {
    type: 'login_challenged',
    subject: aboutUser(userId),
    changes: { required: 'password_change' },
  } as const;
  await context.store.recordEvent(context.createEvent(challenged, identify(caller, userId)));
  const expiresIn = Math.floor((secret.expiresAt - context.clock.now()) / 1000);
  return { required: 'password_change', challenge: secret.token, expiresIn };
}

/** Completes a sign-in that needs a new password: see `Auth.changeRequiredPassword`. */
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
  await askBeforeSignIn(context, record, caller);
  const { appName } = context.settings;
  await assertChosenPassword(password, 'new_password', { user: record, appName });
  // The attack: a thief who knows the old password keeps it valid by choosing it again.
  if ((await context.hasher.verify(record.passwordHash, password)).ok) {
    const problem = '"new_password" must differ from the current password.';
    throw new InvalidInput([{ field: 'new_password', problem, code: 'password_unchanged' }]);
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
  const changed = await runRevocation(
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
  // The challenge was used by another request, or ended with a password change.
  if (changed.user === undefined) throw new OneTimeSecretRefused();
  const tokens = await issueCurrentTokens(context, issued, changed.user, session);
  return { ...tokens, ...rememberDevice(context, changed.user, caller) };
}
