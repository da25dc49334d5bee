import type { RotateResult } from '../../../auth/ports/sessions.ts';
import type { Steps } from '../../sql/steps.ts';
import { rawQuery, type StatementSql } from '../single-statement.ts';
import type { VerbArgs } from '../verb.ts';
import { fromJoinedRow, type JoinedRow, joinedSelection } from './joined-rows.ts';
import { PRESENTED_NUMBERS, refreshCondition } from './refresh-condition.ts';

type Args = VerbArgs<'rotateSession'>;

/** Whether the id can stand in the text of an array as it is. All ids that Latchkey makes can. */
export function isPlainId({ sessionId }: Args): boolean {
  return /^[\w-]+$/.test(sessionId);
}

/**
 * Rotates many sessions in one statement, of which no two may be the same; answers those that it rotated. It skips
 * sessions that another transaction has locked, so it never waits for a row, and two batches that have sessions in
 * common cannot end in a deadlock. What it leaves out (locked sessions, and all that are not to be rotated) is
 * decided by the statement for a single session.
 *
 * The update finds the row by `ctid`, which needs no index lookup. If a concurrent update moved the row, it is
 * skipped. The limit leaves nothing out: without it, a plan for any number of sessions seems more expensive than
 * one for two, and PostgreSQL would plan every batch again.
 */
export function rotationOfMany(
  sql: StatementSql,
): (batch: readonly Args[]) => Steps<ReadonlyMap<string, RotateResult>> {
  const { raw } = sql;
  const { asColumns, goesOn, advance } = refreshCondition(sql);
  type Lists = Readonly<Record<'id' | (typeof PRESENTED_NUMBERS)[number], string>> & {
    readonly count: number;
  };
  const rotate = rawQuery(
    sql,
    'rotation.rotateMany',
    (p: Lists) => raw<JoinedRow>`
      with asked as (
        select * from unnest(
          ${p.id}::text[], ${raw.join(PRESENTED_NUMBERS.map((it) => raw`${p[it]}::bigint[]`))}
        ) as it (id, ${raw.join(PRESENTED_NUMBERS.map((it) => raw.ref(it)))})
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
      select ${joinedSelection(sql)}`,
  );

  return function* (batch) {
    const list = (read: (args: Args) => string | number) => `{${batch.map(read).join()}}`;
    const rows = yield* rotate({
      id: list((it) => it.sessionId),
      generation: list((it) => it.generation),
      now: list((it) => it.now),
      grace: list((it) => it.grace),
      maxAgeMs: list((it) => it.maxAgeMs),
      expiresAt: list((it) => it.expiresAt),
      count: batch.length,
    });
    return new Map(
      rows.map((row) => {
        const { session, user } = fromJoinedRow(row);
        return [session.id, { status: 'rotated', session, user }];
      }),
    );
  };
}
