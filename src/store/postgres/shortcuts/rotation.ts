import { sql as raw } from 'kysely';
import type { SessionRow, UserRow } from '../../schema.ts';
import type { Sql } from '../../sql/sql.ts';
import { fromSessionRow, fromUserRow } from '../../verbs/records.ts';
import { judge } from '../../verbs/rotation.ts';
import { rawQuery } from './fragments.ts';
import { LONG_WAY, type Shortcuts } from './shortcut.ts';

interface Parameters {
  readonly id: string;
  readonly generation: number;
  readonly now: number;
  readonly grace: number;
  readonly expiresAt: number;
}

type Found = UserRow &
  Omit<SessionRow, 'id' | 'user_id' | 'created_at'> & {
    session_created_at: number;
    rotated: number;
  };

/**
 * One statement tries the swap, and where it does not apply reads the session as it is. The condition
 * of the swap is checked on the row as it is once its lock is held, so of many callers one rotates. A
 * caller that waited for that one may have read the session from before: it then seems due for a rotation
 * that did not happen, and is read again. Reuse ends the session in a transaction that judges anew.
 */
export function rotationShortcut(sql: Sql): Pick<Shortcuts, 'rotateSession'> {
  const rotate = rawQuery(
    sql,
    'postgres.rotation.rotate',
    (p: Parameters) => raw<Found>`
      with swapped as (
        update sessions
        set generation = generation + 1, rotated_at = ${p.now}, expires_at = ${p.expiresAt}
        where id = ${p.id}
          and generation = ${p.generation}
          and expires_at > ${p.now}
          and abs(rotated_at - ${p.now}) >= ${p.grace}
        returning *
      ),
      session as (
        select *, 1 as rotated from swapped
        union all
        select *, 0 from sessions where id = ${p.id} and not exists (select from swapped)
      )
      select
        users.*,
        session.generation, session.rotated_at, session.expires_at,
        session.created_at as session_created_at, session.auth_time,
        session.scope, session.address, session.user_agent, session.rotated
      from session join users on users.id = session.user_id`,
  );

  return {
    *rotateSession({ sessionId, generation, now, grace, expiresAt }) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const [row] = yield* rotate({ id: sessionId, generation, now, grace, expiresAt });
        if (row === undefined || (row.rotated === 0 && row.expires_at <= now)) {
          return { status: 'gone' };
        }
        const created_at = row.session_created_at;
        const session = fromSessionRow({ ...row, id: sessionId, user_id: row.id, created_at });
        const user = fromUserRow(row);
        if (row.rotated === 1) return { status: 'rotated', session, user };
        const status = judge(session, { generation, now, grace });
        if (status === 'reused') return LONG_WAY;
        if (status !== 'rotated') return { status, session, user };
      }
      return LONG_WAY;
    },
  };
}
