import type { AuditEventType } from '../../auth/audit/event.ts';
import { findLastAcceptableStep } from '../../auth/credentials/second-factors/totp.ts';
import type { Transfer } from '../../store/transfer/transfer.ts';

/** A user whose second factors are not as they were before the restore. */
export interface AffectedUser {
  readonly id: string;
  readonly username: string | null;
  readonly email: string | null;
  /**
   * `dropped`: the factors could not be opened, so the account has none. `changed_since`: after the backup the user changed
   * factors or used a recovery code, and the restore takes that back.
   */
  readonly reason: 'dropped' | 'changed_since';
}

const CHANGES: readonly AuditEventType[] = [
  'factor_added',
  'factor_removed',
  'recovery_code_used',
  'recovery_codes_replaced',
];

/**
 * Finds who changed factors after a backup, as far as the audit trail of the database tells that the backup replaces. Call
 * it before that is cleared.
 * @param backedUpAt ms since the epoch
 */
export function findChangedSince(target: Transfer, backedUpAt: number): Promise<string[]> {
  return target.findUsersOfEvents(CHANGES, backedUpAt);
}

/**
 * Makes restored factors safe to use: no code works twice, and those that cannot be opened go.
 * @param now ms since the epoch
 * @returns whom the operator should know about
 */
export async function restoreFactors(
  target: Transfer,
  {
    isDropped,
    changedSince,
    now,
  }: {
    readonly isDropped: boolean;
    readonly changedSince: readonly string[];
    readonly now: number;
  },
): Promise<AffectedUser[]> {
  const dropped = isDropped ? await target.dropFactors() : [];
  await target.barSteps(findLastAcceptableStep(now));
  const affected: AffectedUser[] = [];
  for (const [reason, ids] of [
    ['dropped', dropped],
    ['changed_since', changedSince],
  ] as const) {
    for (const id of ids) {
      const names = await target.findNames(id);
      if (names !== undefined) affected.push({ id, ...names, reason });
    }
  }
  return affected;
}
