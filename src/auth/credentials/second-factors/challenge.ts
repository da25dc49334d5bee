import { AccountDisabled, FactorRefused, OneTimeSecretRefused } from '../../../kernel/errors.ts';
import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import type { AuthContext } from '../../context.ts';
import { askBeforeSignIn } from '../../hooks/before-sign-in.ts';
import { InputReader } from '../../input.ts';
import { admitFactor } from '../../limits/factor-attempt.ts';
import { rememberDevice } from '../../limits/sign-in-attempt.ts';
import type { UserRecord } from '../../model.ts';
import type { FactorUse } from '../../ports/factor-use.ts';
import type { NewSession } from '../../sessions/new-session.ts';
import {
  isChallenge,
  type SecondFactorChallenge,
  type SignInResult,
} from '../../sessions/sign-in-result.ts';
import { startSession } from '../../sessions/start-session.ts';
import type { TokenLimits } from '../../sessions/tokens/token-limits.ts';
import { createOneTimeSecret, type ProvenSecret, proveOneTimeSecret } from '../one-time-secrets.ts';
import { challengeForPassword } from '../required-password-change.ts';
import {
  addSecondFactor,
  checkFactor,
  type FactorMethod,
  listMethods,
  type PresentedFactor,
  readFactor,
} from './check-factor.ts';

/** The longest challenge that is read, in characters. Ours are shorter. */
const CHALLENGE_MAX = 256;

/** How many codes are compared for one challenge. Then the user starts again, with the password. */
const TRIES_PER_CHALLENGE = 5;

/** What a user gives to complete a sign-in with a second factor. The names are those of the request. */
export interface SecondFactorInput {
  /** The `challenge` of the sign-in. */
  readonly challenge: string;
  /** One of the `methods` of the challenge. */
  readonly method: FactorMethod;
  /** Six digits of the authenticator app, or a recovery code. */
  readonly code: string;
}

/** How the session will start whose sign-in was challenged. */
type ChallengedStart = Omit<NewSession, 'userId' | 'caller'>;

/**
 * Makes the challenge for a sign-in whose first proof was accepted and whose account has a second factor.
 * @throws {StoreUnavailable}
 */
export async function challengeForFactor(
  context: AuthContext,
  { userId, caller, ...start }: NewSession,
): Promise<SecondFactorChallenge> {
  const methods = listMethods(await context.store.findFactors({ userId }));
  const secret = await createOneTimeSecret(context, {
    purpose: 'challenge',
    subject: userId,
    data: { ...start },
  });
  if (secret === undefined) throw new Error('The oldest challenge was not replaced.');
  const challenged = {
    type: 'login_challenged',
    subject: aboutUser(userId),
    changes: { required: 'second_factor' },
  } as const;
  await context.store.recordEvent(context.createEvent(challenged, identify(caller, userId)));
  const expiresIn = Math.floor((secret.expiresAt - context.clock.now()) / 1000);
  return { required: 'second_factor', challenge: secret.token, methods, enroll: [], expiresIn };
}

/** Completes a sign-in with a second factor: see `Auth.completeSignIn`. */
export async function completeSignIn(
  context: AuthContext,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<SignInResult> {
  const reader = new InputReader(input);
  const token = reader.string('challenge', { max: CHALLENGE_MAX });
  const presented = readFactor(reader);
  reader.finish();
  const challenge = await proveOneTimeSecret(context, { token }, { purpose: 'challenge' });
  const record = await requireUser(context, challenge);
  await askBeforeSignIn(context, record, caller);
  return admitFactor(context, record.id, async () => {
    const factor = await tryFactor(context, challenge, presented, caller);
    return finish(context, { record, challenge, factor, caller, limits });
  });
}

/** Finds the user of a challenge. @throws {OneTimeSecretRefused} @throws {AccountDisabled} */
async function requireUser({ store }: AuthContext, { subject }: ProvenSecret): Promise<UserRecord> {
  const record = await store.findUser({ id: subject });
  if (record === undefined) throw new OneTimeSecretRefused();
  if (record.disabledAt !== null) throw new AccountDisabled();
  return record;
}

/**
 * Counts the try, then compares the code.
 * @throws {OneTimeSecretRefused} after too many tries
 * @throws {FactorRefused}
 */
async function tryFactor(
  context: AuthContext,
  { subject: userId, use }: ProvenSecret,
  presented: PresentedFactor,
  caller: Caller,
): Promise<FactorUse> {
  const { store } = context;
  const tried = await store.tryChallenge({ ...use, maxAttempts: TRIES_PER_CHALLENGE });
  if (!tried.admitted) throw new OneTimeSecretRefused();
  const factor = await checkFactor(context, userId, presented, caller);
  if (factor !== undefined) return factor;
  const failed = {
    type: 'second_factor_failed',
    subject: aboutUser(userId),
    reason: 'wrong_code',
    changes: { method: presented.method },
  } as const;
  await store.recordEvent(context.createEvent(failed, identify(caller, userId)));
  throw new FactorRefused();
}

interface Answered {
  readonly record: UserRecord;
  readonly challenge: ProvenSecret;
  readonly factor: FactorUse;
  readonly caller: Caller;
  readonly limits: TokenLimits | undefined;
}

/** Starts the session, or asks for a new password if one is required: see `findNextStep` for the order. */
async function finish(
  context: AuthContext,
  { record, challenge: { data, use }, factor, caller, limits }: Answered,
): Promise<SignInResult> {
  const given = data as unknown as ChallengedStart;
  const amr = addSecondFactor(given.amr);
  const start = { ...given, amr, mfaTime: context.clock.now(), caller };
  const answer = { consume: use, factor };
  const result =
    record.passwordChangeRequiredAt === null
      ? await startSession(context, {
          ...start,
          record,
          proof: { kind: 'second_factor', ...answer },
          limits,
        })
      : await challengeForPassword(context, { ...start, userId: record.id }, answer);
  // Another request used the code or the challenge at the same time, or the user has changed.
  if (result === undefined) throw new FactorRefused();
  return isChallenge(result) ? result : { ...result, ...rememberDevice(context, record, caller) };
}
