import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Verbs } from '../verb.ts';
import { sessionRemoval } from './session-removal.ts';
import { surplusEnding } from './session-surplus.ts';

export function cleanupVerbs(sql: Sql): Pick<Verbs, 'findSessionCleanup' | 'cleanUpSessions'> {
  const { removeSome } = sessionRemoval(sql);
  const endSurplus = surplusEnding(sql);
  const selectFlagged = query(sql, 'cleanup.selectFlagged', () =>
    sql.db
      .selectFrom('users')
      .select('id')
      // A constant in the text, so that the partial index of flagged users applies.
      .where('session_cleanup', '=', (it) => it.lit(1))
      .limit(1),
  );
  const lockUser = query(sql, 'cleanup.lockUser', (p: { id: string }) =>
    sql.forUpdate(
      sql.db.selectFrom('users').select('session_epoch as epoch').where('id', '=', p.id),
    ),
  );
  const clearFlag = query(sql, 'cleanup.clearFlag', (p: { id: string }) =>
    sql.db.updateTable('users').set({ session_cleanup: 0 }).where('id', '=', p.id),
  );

  return {
    *findSessionCleanup() {
      const [user] = yield* selectFlagged({});
      return user?.id;
    },

    *cleanUpSessions({ userId, maxSessions, issuedUntil, events }) {
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return { isDone: true, revocations: [] };
      const limit = events.length;
      const removed = yield* removeSome({ userId, before: user.epoch, limit });
      if (removed.length > 0 && removed.length === limit) return { isDone: false, revocations: [] };
      const session = { userId, epoch: user.epoch, maxSessions };
      const revocations = yield* endSurplus(session, events.slice(removed.length), issuedUntil);
      const isDone = removed.length + revocations.length < limit;
      if (isDone) yield* clearFlag({ id: userId });
      return { isDone, revocations };
    },
  };
}
