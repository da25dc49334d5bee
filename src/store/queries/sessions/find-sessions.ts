import { TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Verbs } from '../verb.ts';
import { fromJoinedRow, JOINED_SESSION_COLUMNS } from './joined-rows.ts';

/** Sorts after every id by its bytes, in both databases. */
const AFTER_EVERY_ID = '~';

export function findSessionVerbs(sql: Sql): Pick<Verbs, 'findSession' | 'listSessions'> {
  const selectLive = query(
    sql,
    'sessions.selectLive',
    (p: { userId: string; now: number; before: string; limit: number }) =>
      sql.db
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', p.userId)
        .where('epoch', '=', (it) =>
          it.selectFrom('users').select('session_epoch').where('id', '=', p.userId),
        )
        .where('id', '<', p.before)
        .where('expires_at', '>', p.now)
        .orderBy('id', 'desc')
        .limit(p.limit),
  );
  const selectById = query(sql, 'sessions.selectById', (p: { id: string; now: number }) =>
    sql.db
      .selectFrom('sessions')
      .innerJoin('users', (join) =>
        join
          .onRef('users.id', '=', 'sessions.user_id')
          .onRef('users.session_epoch', '=', 'sessions.epoch'),
      )
      .selectAll('users')
      .select(['sessions.id as session_id', 'sessions.created_at as session_created_at'])
      .select(JOINED_SESSION_COLUMNS.map((it) => `sessions.${it}` as const))
      .where('sessions.id', '=', p.id)
      .where('sessions.expires_at', '>', p.now),
  );
  return {
    *findSession({ sessionId, now }) {
      const [row] = yield* selectById({ id: sessionId, now });
      return row === undefined ? undefined : fromJoinedRow(row);
    },

    *listSessions({ userId, now, before = null, limit }) {
      const rows = yield* selectLive({ userId, now, before: before ?? AFTER_EVERY_ID, limit });
      return rows.map(TABLES.sessions.columns.fromRow);
    },
  };
}
