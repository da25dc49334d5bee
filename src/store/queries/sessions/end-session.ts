import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { toEventRow } from '../event-rows.ts';
import { revocationLog } from '../revocations.ts';
import {
  type PrefixedEntry,
  type PrefixedEvent,
  prefix,
  rawQuery,
  type SingleStatements,
  type StatementSql,
  statementParts,
  USE_TRANSACTION,
  type Written,
} from '../single-statement.ts';
import type { Verbs } from '../verb.ts';

export function endSessionVerb(sql: Sql): Pick<Verbs, 'endSession'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const remove = query(sql, 'sessions.remove', (p: { id: string; userId: string }) =>
    sql.db
      .deleteFrom('sessions')
      .where('id', '=', p.id)
      .where('user_id', '=', p.userId)
      .returning('id'),
  );

  return {
    *endSession({ sessionId, userId, evenIfGone = false, issuedUntil, event }) {
      const [ended] = yield* remove({ id: sessionId, userId });
      if (ended === undefined && !evenIfGone) return { found: false, revocations: [] };
      const entry = yield* revoke({
        kind: 'session',
        subject: sessionId,
        version: 0,
        issuedUntil,
      });
      yield* record(event);
      return { found: true, revocations: [entry] };
    },
  };
}

/** `endSession` in one statement. */
export function endSessionStatement(sql: StatementSql): Pick<SingleStatements, 'endSession'> {
  const { raw } = sql;
  const { insertRevocation, insertEvent } = statementParts(sql);
  // Selects from `revoked`, and from `appended` only for a row of it. The trigger of that insert takes the
  // log's lock before the insert asks for its first row, so selecting from `appended` first would take the
  // log's lock before the session's row, against the lock order (postgres/locks.ts).
  const end = rawQuery(
    sql,
    'sessions.endInOne',
    (p: PrefixedEntry & PrefixedEvent & { id: string; userId: string; evenIfGone: number }) =>
      raw<Written>`
      with ended as (
        delete from sessions where id = ${p.id} and user_id = ${p.userId} returning id
      ),
      revoked as (
        select id from ended
        union all
        select ${p.id} where ${p.evenIfGone}::bigint = 1 and not exists (select from ended)
      ),
      appended as (${insertRevocation(p, raw`revoked`)}),
      recorded as (${insertEvent(p, raw`revoked`)})
      select
        (select seq from appended) as seq,
        (select expires_at from appended) as "expiresAt"
      from revoked`,
  );

  return {
    *endSession({ sessionId, userId, evenIfGone = false, by, issuedUntil, event }) {
      if (by !== undefined) return USE_TRANSACTION;
      const entry = { kind: 'session', subject: sessionId, version: 0 } as const;
      const [row] = yield* end({
        ...prefix('entry', { ...entry, issuedUntil }),
        ...prefix('event', toEventRow(event)),
        id: sessionId,
        userId,
        evenIfGone: Number(evenIfGone),
      });
      if (row === undefined) return { found: false, revocations: [] };
      return { found: true, revocations: [{ ...row, ...entry }] };
    },
  };
}
