import { StoreUnavailable } from '../../kernel/errors.ts';
import type { UserRecord } from '../model.ts';

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
