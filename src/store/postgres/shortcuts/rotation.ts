import { type RawBuilder, sql as raw } from 'kysely';
import type { RotateResult } from '../../../auth/ports/sessions.ts';
import { classifyGeneration } from '../../../auth/sessions/refresh-rule.ts';
import { fromJoinedRow, type JoinedRow, joinedSessionColumns } from '../../queries/records.ts';
import type { VerbArgs } from '../../queries/verb.ts';
import { pick } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { rawQuery } from './fragments.ts';
import { advance, goesOn, type PresentedInSql } from './refresh-rule.ts';
import { type SingleStatements, USE_TRANSACTION } from './shortcut.ts';

type Order = VerbArgs<'rotateSession'>;

const numbers = ['generation', 'now', 'grace', 'maxAgeMs', 'expiresAt'] as const;
type Parameters = Pick<Order, (typeof numbers)[number]> & { readonly id: string };

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
export function rotationShortcut(sql: Sql): Pick<SingleStatements, 'rotateSession'> {
  const rotate = rawQuery(
    sql,
    'postgres.rotation.rotate',
    (p: Parameters) => raw<JoinedRow & { rotated: number }>`
      with swapped as (
        update sessions set ${advance(asParameters(p))}
        where id = ${p.id} and ${goesOn(asParameters(p))}
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
    *rotateSession(order) {
      const parameters = { id: order.sessionId, ...pick(order, numbers) };
      for (let attempt = 0; attempt < 2; attempt++) {
        const [row] = yield* rotate(parameters);
        if (row === undefined || (row.rotated === 0 && row.expires_at <= order.now)) {
          return { status: 'gone' };
        }
        const { session, user, ...generations } = fromJoinedRow(row);
        if (row.rotated === 1) return { status: 'rotated', session, user };
        const status = classifyGeneration({ ...session, ...generations }, order);
        if (status === 'void') return { status: 'gone' };
        if (status === 'reused') return USE_TRANSACTION;
        if (status === 'current' || status === 'replayed') return { status, session, user };
      }
      return USE_TRANSACTION;
    },
  };
}

function presented(find: (name: (typeof numbers)[number]) => RawBuilder<unknown>): PresentedInSql {
  const entries = numbers.map((name) => [name, find(name)]);
  return Object.fromEntries(entries) as Record<(typeof numbers)[number], RawBuilder<unknown>>;
}

const asParameters = (p: Parameters) => presented((name) => raw`${p[name]}::bigint`);
const asColumns = (table: string) => presented((name) => raw.ref(`${table}.${name}`));

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
 * The update finds a row by its `ctid`, which takes no look into an index. If a concurrent update moved the row,
 * it is left out too. The limit leaves nothing out: without it, a plan for any number of sessions seems more
 * expensive than one for two, and PostgreSQL would plan every batch again.
 */
export function rotationOfMany(
  sql: Sql,
): (orders: readonly Order[]) => Steps<ReadonlyMap<string, RotateResult>> {
  type Lists = Readonly<Record<'id' | (typeof numbers)[number], string>> & {
    readonly count: number;
  };
  const rotate = rawQuery(
    sql,
    'postgres.rotation.rotateMany',
    (p: Lists) => raw<JoinedRow>`
      with asked as (
        select * from unnest(
          ${p.id}::text[], ${raw.join(numbers.map((name) => raw`${p[name]}::bigint[]`))}
        ) as it (id, ${raw.join(numbers.map((name) => raw.ref(name)))})
        limit ${p.count}
      ),
      chosen as (
        select sessions.ctid as place, asked.*
        from asked join sessions on sessions.id = asked.id
        where ${goesOn(asColumns('asked'))}
        for no key update of sessions skip locked
      ),
      session as (
        update sessions set ${advance(asColumns('chosen'))}
        from chosen
        where sessions.ctid = chosen.place
        returning sessions.*
      )
      select ${joined}`,
  );

  return function* (orders) {
    const list = (read: (order: Order) => string | number) => `{${orders.map(read).join()}}`;
    const rows = yield* rotate({
      id: list((it) => it.sessionId),
      generation: list((it) => it.generation),
      now: list((it) => it.now),
      grace: list((it) => it.grace),
      maxAgeMs: list((it) => it.maxAgeMs),
      expiresAt: list((it) => it.expiresAt),
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
