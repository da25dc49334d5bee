import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';

/**
 * Rows that one transaction removes for a person who waits. Whoever has more sessions loses them all in
 * that moment, by the epoch; the rows that are left are removed by the background job.
 */
const rowsAtOnce = 100;

/** What ending many sessions of a user is made of. Each locks the user before its sessions. */
export function sessionRemoval(sql: Sql) {
  const removeSome = query(
    sql,
    'cleanup.removeSome',
    (p: { userId: string; before: number; limit: number }) =>
      sql.db
        .deleteFrom('sessions')
        .where('id', 'in', (it) =>
          it
            .selectFrom('sessions')
            .select('id')
            .where('user_id', '=', p.userId)
            .where('epoch', '<', p.before)
            // The order of the index, so that PostgreSQL reads no more than it needs.
            .orderBy('epoch')
            .limit(p.limit),
        )
        .returning('id'),
  );
  const flag = query(sql, 'cleanup.flag', (p: { userId: string }) =>
    sql.db.updateTable('users').set({ session_cleanup: 1 }).where('id', '=', p.userId),
  );

  return {
    flag,
    removeSome,
    /** Removes rows of epochs before this one, or has the background job do it where they are many. */
    *removeBefore(userId: string, epoch: number): Steps<void> {
      const removed = yield* removeSome({ userId, before: epoch, limit: rowsAtOnce });
      if (removed.length === rowsAtOnce) yield* flag({ userId });
    },
  };
}
