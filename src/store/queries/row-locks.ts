import type { Row } from '../schema.ts';
import { type Query, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';

/** Reads a user, and keeps it as it is until the transaction ends. */
export function userLock(sql: Sql): Query<{ id: string }, Row<'users'>> {
  return query(sql, 'locks.user', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('users').selectAll().where('id', '=', p.id)),
  );
}

/** A session that has neither ended nor expired. `epoch` is that of its user, who is locked. */
interface LiveSessionKey {
  readonly id: string;
  readonly userId: string;
  readonly epoch: number;
  /** ms since the epoch. */
  readonly now: number;
}

/** Reads a live session of a user, and keeps it as it is until the transaction ends. */
export function liveSessionLock(sql: Sql): Query<LiveSessionKey, Row<'sessions'>> {
  return query(sql, 'locks.liveSession', (p: LiveSessionKey) =>
    sql.forUpdate(
      sql.db
        .selectFrom('sessions')
        .selectAll()
        .where('id', '=', p.id)
        .where('user_id', '=', p.userId)
        .where('epoch', '=', p.epoch)
        .where('expires_at', '>', p.now),
    ),
  );
}
