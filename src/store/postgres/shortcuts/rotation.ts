import { sql as raw } from 'kysely';
import type { RotateResult } from '../../../auth/ports.ts';
import { judgeGeneration } from '../../../auth/refresh-rule.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { fromJoinedRow, type JoinedRow, joinedSessionColumns } from '../../verbs/records.ts';
import type { VerbArgs } from '../../verbs/verb.ts';
import { rawQuery } from './fragments.ts';
import { LONG_WAY, type Shortcuts } from './shortcut.ts';

interface Parameters {
  readonly id: string;
  readonly generation: number;
  readonly now: number;
  readonly grace: number;
  readonly expiresAt: number;
}

/** Whether a session has ended together with all of its user's. */
const isOfThisEpoch = raw`sessions.epoch =
  (select session_epoch from users where users.id = sessions.user_id)`;

/** A session and its user, as `fromJoinedRow` reads them. */
const joined = raw`
  users.*, session.id as session_id, session.created_at as session_created_at,
  ${raw.join(joinedSessionColumns.map((it) => raw.ref(`session.${it}`)))}
  from session join users
    on users.id = session.user_id and users.session_epoch = session.epoch`;

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
    (p: Parameters) => raw<JoinedRow & { rotated: number }>`
      with swapped as (
        update sessions
        set generation = generation + 1, rotated_at = ${p.now}, expires_at = ${p.expiresAt},
          parent_generation = case when generation = ${p.generation}::bigint then null
            else ${p.generation}::bigint end
        where id = ${p.id}
          and expires_at > ${p.now}
          and abs(rotated_at - ${p.now}) >= ${p.grace}
          and (
            generation = ${p.generation}
            or (
              ${p.grace}::bigint > 0
              and ${p.generation}::bigint >= first_generation
              and ${p.generation}::bigint = coalesce(parent_generation, generation - 1)
            )
          )
          and ${isOfThisEpoch}
        returning *
      ),
      session as (
        select *, 1 as rotated from swapped
        union all
        select *, 0 from sessions where id = ${p.id} and not exists (select from swapped)
      )
      select session.rotated, ${joined}`,
  );

  return {
    *rotateSession({ sessionId, generation, now, grace, expiresAt }) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const [row] = yield* rotate({ id: sessionId, generation, now, grace, expiresAt });
        if (row === undefined || (row.rotated === 0 && row.expires_at <= now)) {
          return { status: 'gone' };
        }
        const { session, user, ...generations } = fromJoinedRow(row);
        if (row.rotated === 1) return { status: 'rotated', session, user };
        const presented = { generation, now, grace };
        const status = judgeGeneration({ ...session, ...generations }, presented);
        if (status === 'void') return { status: 'gone' };
        if (status === 'reused') return LONG_WAY;
        if (status === 'current' || status === 'replayed') return { status, session, user };
      }
      return LONG_WAY;
    },
  };
}

type Order = VerbArgs<'rotateSession'>;

/** Whether the id can stand in the text of an array as it is. All that Latchkey makes can. */
export function isPlain({ sessionId }: Order): boolean {
  return /^[\w-]+$/.test(sessionId);
}

/**
 * Rotates many sessions in one statement, of which no two may be the same; answers those that it rotated.
 * It takes no session that somebody else holds, so it waits for nobody, and two that have sessions in
 * common cannot end in a deadlock. What it leaves out (those held, and all that is not due for a rotation)
 * is decided by the statement above, one at a time.
 *
 * A session is found for the second time by its place, which takes no index. Should that be a newer one than
 * this statement may see, then the session is left out too. The limit leaves nothing out: without it a plan
 * for any number of sessions seems dearer than one for two, and PostgreSQL would plan every batch anew.
 */
export function rotationOfMany(
  sql: Sql,
): (orders: readonly Order[]) => Steps<ReadonlyMap<string, RotateResult>> {
  type Lists = Readonly<Record<'ids' | 'generations' | 'nows' | 'graces' | 'expiries', string>> & {
    readonly count: number;
  };
  const rotate = rawQuery(
    sql,
    'postgres.rotation.rotateMany',
    (p: Lists) => raw<JoinedRow>`
      with asked as (
        select * from unnest(
          ${p.ids}::text[], ${p.generations}::bigint[], ${p.nows}::bigint[],
          ${p.graces}::bigint[], ${p.expiries}::bigint[]
        ) as it (id, generation, now, grace, expires_at)
        limit ${p.count}
      ),
      due as (
        select sessions.ctid as place, asked.now, asked.expires_at
        from asked join sessions on sessions.id = asked.id
        where sessions.generation = asked.generation
          and sessions.expires_at > asked.now
          and abs(sessions.rotated_at - asked.now) >= asked.grace
          and ${isOfThisEpoch}
        for no key update of sessions skip locked
      ),
      session as (
        update sessions
        set generation = generation + 1, rotated_at = due.now, expires_at = due.expires_at,
          parent_generation = null
        from due
        where sessions.ctid = due.place
        returning sessions.*
      )
      select ${joined}`,
  );

  return function* (orders) {
    const list = (read: (order: Order) => string | number) => `{${orders.map(read).join()}}`;
    const rows = yield* rotate({
      ids: list((it) => it.sessionId),
      generations: list((it) => it.generation),
      nows: list((it) => it.now),
      graces: list((it) => it.grace),
      expiries: list((it) => it.expiresAt),
      count: orders.length,
    });
    return new Map(
      rows.map((row) => {
        const { session, user } = fromJoinedRow(row);
        return [session.id, { status: 'rotated', session, user }];
      }),
    );
  };
}
