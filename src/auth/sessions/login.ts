import { AccountDisabled, CredentialsRefused } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser, type NewAuditEvent } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { changesTooOften, explainRefusal, PROOF_ATTEMPTS } from '../credentials/password-proof.ts';
import { verifyPassword } from '../credentials/passwords/verify-password.ts';
import { challengeForPassword } from '../credentials/required-password-change.ts';
import { askBeforeSignIn } from '../hooks/before-sign-in.ts';
import type { UserRecord } from '../model.ts';
import { findRecord, normaliseReference } from '../users/user-records.ts';
import { type ParsedLogin, parseLogin } from './login-input.ts';
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
  let record = await findRecord(context, parsed.reference);
  for (let attempt = 0; attempt < PROOF_ATTEMPTS; attempt++) {
    const proven = await provePassword(context, record, parsed, caller);
    const { record: user } = proven;
    await askBeforeSignIn(context, user, caller);
    const start = { userId: user.id, amr: ['pwd'], scope: parsed.scope, clientId, caller };
    if (user.passwordChangeRequiredAt !== null) return challengeForPassword(context, start);
    const rehash = proven.isOutdated ? await context.hasher.hash(parsed.password) : null;
    const proof = { kind: 'password', verifiedHash: proven.verifiedHash, rehash } as const;
    const tokens = await startSession(context, { ...start, record: user, proof, limits });
    if (tokens !== undefined) return tokens;
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
  record: UserRecord | undefined,
  { password, reference }: Pick<ParsedLogin, 'password' | 'reference'>,
  caller: Caller,
): Promise<ProvenUser> {
  const recordFailure = (what: Pick<NewAuditEvent, 'type' | 'reason'>, by: Caller) => {
    const subject = aboutUser(record?.id ?? null);
    return context.store.recordEvent(context.createEvent({ ...what, subject }, by));
  };
  const verifiedHash = record?.passwordHash ?? null;
  const identifier = normaliseReference(reference);
  const { ok, outdated } = await verifyPassword(context, verifiedHash, password, identifier);
  if (!ok || record === undefined || verifiedHash === null) {
    await recordFailure({ type: 'login_failed', reason: explainRefusal(record) }, caller);
    throw new CredentialsRefused();
  }
  if (record.disabledAt !== null) {
    const what = { type: 'login_of_disabled_user', reason: 'account_disabled' } as const;
    await recordFailure(what, identify(caller, record.id));
    throw new AccountDisabled();
  }
  return { record, verifiedHash, isOutdated: outdated };
}
