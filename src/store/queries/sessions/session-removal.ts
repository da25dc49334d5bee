import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';

/**
 * Sessions that one transaction removes while a person waits for it. If the user has more, they have all ended by the
 * raised epoch, and the background job removes the rows that are left.
 */
const MAX_ROWS = 100;

/** Removes many sessions of a user. The caller has locked the user. */
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
            // In the order of the index, so that PostgreSQL reads only the rows it needs.
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
    /** Removes sessions of epochs before this one. If there are many, it leaves the rest to the background job. */
    *removeBefore(userId: string, epoch: number): Steps<void> {
      const removed = yield* removeSome({ userId, before: epoch, limit: MAX_ROWS });
      if (removed.length === MAX_ROWS) yield* flag({ userId });
    },
  };
}
