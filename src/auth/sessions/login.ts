import { AccountDisabled, CredentialsRefused, StoreUnavailable } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser, type NewAuditEvent } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { challengeForPassword } from '../credentials/required-password-change.ts';
import type { UserRecord } from '../model.ts';
import { findRecord } from '../users/users.ts';
import { type LoginInput, parseLogin } from './login-input.ts';
import type { SignInResult } from './sign-in-result.ts';
import { startSession } from './start-session.ts';
import type { TokenLimits } from './token-limits.ts';

/**
 * How often a password is verified while the user changes between the verification and the sign-in. One
 * change is common: many logins at a time replace an outdated hash. Each verification costs a hash, so there
 * is a bound.
 */
export const PROOF_ATTEMPTS = 3;

/**
 * Signs in by password. An unknown user takes the time of a known one.
 * @returns a challenge where a new password is required
 * @param limits of the tokens, where the answer carries less than a verifier accepts
 * @param clientId the client that asks, which has proved who it is: see `Clients.resolve`; null: the first party
 * @throws {InvalidInput}
 * @throws {CredentialsRefused} unknown user or wrong password, not told apart
 * @throws {AccountDisabled} only to who knows the password
 * @throws {Overloaded}
 * @throws {StoreUnavailable}
 * @throws {RangeError} where a token would be longer than the limits allow; nothing is written
 */
export async function login(
  context: AuthContext,
  input: LoginInput | unknown,
  caller: Caller,
  limits?: TokenLimits,
  clientId: string | null = null,
): Promise<SignInResult> {
  const parsed = parseLogin(input, context.settings.passwordMaxLength);
  let record = await findRecord(context, parsed.reference);
  for (let attempt = 0; attempt < PROOF_ATTEMPTS; attempt++) {
    const proven = await provePassword(context, record, parsed.password, caller);
    const { record: user } = proven;
    const start = { userId: user.id, amr: ['pwd'], scope: parsed.scope, clientId, caller };
    if (user.passwordChangeRequiredAt !== null) return challengeForPassword(context, start);
    const rehash = proven.isOutdated ? await context.hasher.hash(parsed.password) : null;
    const proof = { kind: 'password', verifiedHash: proven.verifiedHash, rehash } as const;
    const tokens = await startSession(context, { ...start, record: user, proof, limits });
    if (tokens !== undefined) return tokens;
    // The user changed in between, perhaps because another login replaced an outdated hash. The password is
    // verified again: against the new hash, which may also be that of another password.
    record = await context.store.findUser({ id: user.id });
  }
  throw changesTooOften();
}

export function changesTooOften(): StoreUnavailable {
  return new StoreUnavailable('The password of this user is being changed. Try again.');
}

interface ProvenUser {
  readonly record: UserRecord;
  /** The hash that the password matched. */
  readonly verifiedHash: string;
  /** Whether that hash should be replaced. */
  readonly isOutdated: boolean;
}

/** @throws {CredentialsRefused} @throws {AccountDisabled} after it recorded that */
async function provePassword(
  context: AuthContext,
  record: UserRecord | undefined,
  password: string,
  caller: Caller,
): Promise<ProvenUser> {
  const recordFailure = (what: Pick<NewAuditEvent, 'type' | 'reason'>, by: Caller) => {
    const subject = aboutUser(record?.id ?? null);
    return context.store.recordEvent(context.createEvent({ ...what, subject }, by));
  };
  const verifiedHash = record?.passwordHash ?? null;
  const { ok, outdated } = await context.hasher.verify(verifiedHash, password);
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

/** Only for the audit trail: the caller must not be told these apart. */
export function explainRefusal(
  record: UserRecord | undefined,
): 'unknown_user' | 'no_password' | 'wrong_password' {
  if (record === undefined) return 'unknown_user';
  return record.passwordHash === null ? 'no_password' : 'wrong_password';
}
