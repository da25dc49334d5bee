import type { FactorUse } from '../../../auth/ports/factor-use.ts';
import type { AnsweredChallenge } from '../../../auth/ports/one-time-secrets.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { secretConsumption, secretLock } from '../secret-consumption.ts';

/**
 * Uses up the code of a second factor in the transaction of the verb that the code is for. Run it after the verb has
 * locked the user, and before the verb writes anything.
 * @returns whether the code was not used before. If it was, the verb must do nothing
 */
export function factorConsumption(sql: Sql): (use: FactorUse) => Steps<boolean> {
  const record = auditLog(sql);
  // Of many transactions at the same time, the first one updates the row. The others wait for it, check the row again,
  // and find that the step has passed.
  const takeStep = query(
    sql,
    'factors.takeStep',
    (p: { id: string; userId: string; step: number; now: number }) =>
      sql.db
        .updateTable('authenticators')
        .set({ last_step: p.step, last_used_at: p.now })
        .where('id', '=', p.id)
        .where('user_id', '=', p.userId)
        .where('confirmed_at', 'is not', null)
        .where('last_step', '<', p.step)
        .returning('id'),
  );
  const takeCode = query(
    sql,
    'factors.takeCode',
    (p: { userId: string; macs: string; left: string }) =>
      sql.db
        .updateTable('recovery_codes')
        .set({ macs: p.left })
        .where('user_id', '=', p.userId)
        .where('macs', '=', p.macs)
        .returning('user_id'),
  );
  return function* (use) {
    const { userId } = use;
    if (use.method === 'totp') {
      const { authenticatorId: id, step, now } = use;
      return (yield* takeStep({ id, userId, step, now })).length === 1;
    }
    const [macs, left] = [JSON.stringify(use.macs), JSON.stringify(use.left)];
    const taken = yield* takeCode({ userId, macs, left });
    if (taken.length === 1) yield* record(use.event);
    return taken.length === 1;
  };
}

/**
 * Does the same for a code that answers a challenge, and uses the challenge up as well: both or neither.
 * @returns whether both were live
 */
export function answerConsumption(
  sql: Sql,
): (userId: string, answer: AnsweredChallenge) => Steps<boolean> {
  const lockSecret = secretLock(sql);
  const consumeSecret = secretConsumption(sql);
  const consumeFactor = factorConsumption(sql);
  return function* (userId, { consume, factor }) {
    if (consume.subject !== userId || factor.userId !== userId) return false;
    // The code of a challenge that has ended stays good for the next one.
    if (!(yield* lockSecret(consume))) return false;
    if (!(yield* consumeFactor(factor))) return false;
    return yield* consumeSecret(consume);
  };
}
