import type { SecretUse } from '../../auth/ports/one-time-secrets.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/**
 * Uses a secret up in the transaction of the verb that the secret is for. Run it after the verb has locked the user
 * and the session, and before the verb writes anything.
 * @returns whether the secret was live. If it was not, the verb must do nothing
 */
export function secretConsumption(sql: Sql): (use: SecretUse) => Steps<boolean> {
  // Of many transactions at the same time, the first one updates the row. The others wait for it, check the row again,
  // and find it used.
  const consume = query(sql, 'secrets.consume', (p: SecretUse) =>
    sql.db
      .updateTable('one_time_secrets')
      .set({ used_at: p.now })
      .where('id', '=', p.id)
      .where('purpose', '=', p.purpose)
      .where('subject', '=', p.subject)
      .where('mac', '=', p.mac)
      .where('used_at', 'is', null)
      .where('expires_at', '>', p.now)
      .returning('id'),
  );
  return function* ({ id, purpose, subject, mac, now }) {
    return (yield* consume({ id, purpose, subject, mac, now })).length === 1;
  };
}

/** Locks a secret until the transaction ends. @returns whether it is live */
export function secretLock(sql: Sql): (use: SecretUse) => Steps<boolean> {
  const lock = query(sql, 'secrets.lock', (p: SecretUse) =>
    sql.forUpdate(
      sql.db
        .selectFrom('one_time_secrets')
        .select('id')
        .where('id', '=', p.id)
        .where('purpose', '=', p.purpose)
        .where('subject', '=', p.subject)
        .where('mac', '=', p.mac)
        .where('used_at', 'is', null)
        .where('expires_at', '>', p.now),
    ),
  );
  return function* ({ id, purpose, subject, mac, now }) {
    return (yield* lock({ id, purpose, subject, mac, now })).length === 1;
  };
}
