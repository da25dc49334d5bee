import { CredentialsRefused, StoreUnavailable } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import type { UserRecord } from '../model.ts';
import { type Principal, userGone } from '../sessions/principal.ts';
import { verifyPassword } from './passwords/verify-password.ts';

/**
 * How often a password is verified if the user changes between the verification and the write. One change is common:
 * of many sign-ins at the same time, each replaces an outdated hash. Each verification costs a hash, so there is a
 * bound.
 */
export const PROOF_ATTEMPTS = 3;

/** The error after the last attempt. */
export function changesTooOften(): StoreUnavailable {
  return new StoreUnavailable('The password of this user is being changed. Try again.');
}

/** Why a password was refused, for the audit trail only: the caller must not learn which it was. */
export function explainRefusal(
  record: UserRecord | undefined,
): 'unknown_user' | 'no_password' | 'wrong_password' {
  if (record === undefined) return 'unknown_user';
  return record.passwordHash === null ? 'no_password' : 'wrong_password';
}

/** A signed-in user who presented the password. */
export interface ProvenUser {
  readonly record: UserRecord;
  /** The hash that the password matched. */
  readonly verifiedHash: string;
  /** Whether that hash should be replaced. */
  readonly isOutdated: boolean;
}

/**
 * Verifies the password of a signed-in user, and records an audit event if it is wrong.
 * @param options `failure`: the type of that event; `message`: the sentence of the refusal
 * @throws {TokenRefused} when the user was deleted
 * @throws {CredentialsRefused}
 */
export async function proveCurrentPassword(
  context: AuthContext,
  { sub: userId, sid: sessionId }: Principal,
  password: string,
  options: {
    readonly failure: 'password_change_failed' | 'reauthentication_failed';
    readonly message: string;
    readonly caller: Caller;
  },
): Promise<ProvenUser> {
  const record = await context.store.findUser({ id: userId });
  if (record === undefined) throw userGone();
  const verifiedHash = record.passwordHash;
  const { ok, outdated } = await verifyPassword(context, verifiedHash, password, userId);
  if (ok && verifiedHash !== null) return { record, verifiedHash, isOutdated: outdated };
  // The attack: a thief with a stolen access token guesses the password. Each guess leaves a trace.
  const about = { subject: aboutUser(userId), sessionId, reason: explainRefusal(record) };
  const event = { type: options.failure, ...about } as const;
  await context.store.recordEvent(context.createEvent(event, identify(options.caller, userId)));
  throw new CredentialsRefused(options.message);
}
