import { AccountDisabled, CredentialsRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser, type NewAuditEvent } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { changesTooOften, explainRefusal, PROOF_ATTEMPTS } from '../credentials/password-proof.ts';
import { verifyPassword } from '../credentials/passwords/verify-password.ts';
import { askBeforeSignIn } from '../hooks/before-sign-in.ts';
import { beginSignIn, rememberDevice, type SignInAttempt } from '../limits/sign-in-attempt.ts';
import type { UserRecord } from '../model.ts';
import { normaliseReference } from '../users/user-records.ts';
import { type ParsedLogin, parseLogin } from './login-input.ts';
import { findNextStep } from './next-step.ts';
import type { SignInResult } from './sign-in-result.ts';
import { startSession } from './start-session.ts';
import type { TokenLimits } from './tokens/token-limits.ts';

/** Signs a user in by password: see `Auth.login`. */
export async function login(
  context: AuthContext,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
  clientId: string | null = null,
): Promise<SignInResult> {
  const parsed = parseLogin(input, context.settings.passwordMaxLength);
  const { record, attempt } = await beginSignIn(context, parsed.reference, caller);
  return attempt.run(() => signIn(context, { parsed, record, attempt, caller, limits, clientId }));
}

/** A sign-in whose attempt was admitted. */
interface SignIn extends SignInAttempt {
  readonly parsed: ParsedLogin;
  readonly clientId: string | null;
  readonly caller: Caller;
  readonly limits: TokenLimits | undefined;
}

async function signIn(
  context: AuthContext,
  { parsed, attempt, clientId, caller, limits, ...found }: SignIn,
): Promise<SignInResult> {
  const { password, scope } = parsed;
  let { record } = found;
  for (let tries = 0; tries < PROOF_ATTEMPTS; tries++) {
    const proven = await provePassword(context, { record, attempt }, parsed, caller);
    const { record: user } = proven;
    await askBeforeSignIn(context, user, caller);
    const start = { userId: user.id, amr: ['pwd'], scope, clientId, caller };
    const { verifiedHash } = proven;
    const rehash = proven.isOutdated ? await context.hasher.hash(password, attempt.terms) : null;
    const challenge = await findNextStep(context, user, start);
    if (challenge !== undefined) {
      await attempt.succeed();
      if (rehash !== null)
        await context.store.replaceHash({ userId: user.id, verifiedHash, rehash });
      return challenge;
    }
    const proof = { kind: 'password', verifiedHash, rehash } as const;
    const proved = { ...start, record: user, proof, ...attempt.places, limits };
    const tokens = await startSession(context, proved);
    if (tokens !== undefined) {
      attempt.succeeded();
      return { ...tokens, ...rememberDevice(context, user, caller, attempt) };
    }
    // The user changed in between, perhaps because another sign-in replaced an outdated hash. Verify the password
    // again, against the new hash: it may also be the hash of another password.
    record = await context.store.findUser({ id: user.id });
  }
  throw changesTooOften();
}

interface ProvenUser {
  readonly record: UserRecord;
  /** The hash that the password matched. */
  readonly verifiedHash: string;
  /** Whether that hash should be replaced. */
  readonly isOutdated: boolean;
}

/**
 * Verifies the password, and records an audit event if the sign-in is refused.
 * @throws {CredentialsRefused}
 * @throws {AccountDisabled}
 */
async function provePassword(
  context: AuthContext,
  { record, attempt }: SignInAttempt,
  { password, reference }: Pick<ParsedLogin, 'password' | 'reference'>,
  caller: Caller,
): Promise<ProvenUser> {
  const recordFailure = (what: Pick<NewAuditEvent, 'type' | 'reason'>, by: Caller) => {
    const subject = aboutUser(record?.id ?? null);
    return context.store.recordEvent(context.createEvent({ ...what, subject }, by));
  };
  const verifiedHash = record?.passwordHash ?? null;
  const identifier = normaliseReference(reference);
  const { ok, outdated } = await verifyPassword(
    context,
    verifiedHash,
    password,
    identifier,
    attempt.terms,
  );
  if (!ok || record === undefined || verifiedHash === null) {
    const failed = { type: 'login_failed', reason: explainRefusal(record) } as const;
    await Promise.all([recordFailure(failed, caller), attempt.fail(record)]);
    throw new CredentialsRefused();
  }
  if (record.disabledAt !== null) {
    const what = { type: 'login_of_disabled_user', reason: 'account_disabled' } as const;
    await recordFailure(what, identify(caller, record.id));
    throw new AccountDisabled();
  }
  if (record.passwordExpiresAt !== null && record.passwordExpiresAt <= context.clock.now()) {
    await recordFailure({ type: 'login_failed', reason: 'password_expired' }, caller);
    throw new CredentialsRefused();
  }
  return { record, verifiedHash, isOutdated: outdated };
}
