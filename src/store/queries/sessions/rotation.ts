import { classifyGeneration } from '../../../auth/sessions/refresh-rule.ts';
import { limitExpiry } from '../../../auth/sessions/session-lifetime.ts';
import { TABLES } from '../../schema.ts';
import { pick, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { revocationLog } from '../revocations.ts';
import {
  rawQuery,
  type SingleStatements,
  type StatementSql,
  USE_TRANSACTION,
} from '../single-statement.ts';
import type { Verbs } from '../verb.ts';
import { fromJoinedRow, type JoinedRow, joinedSelection, readGenerations } from './joined-rows.ts';
import {
  PRESENTED_NUMBERS,
  type PresentedParameters,
  refreshCondition,
} from './refresh-condition.ts';

export function rotationVerbs(sql: Sql): Pick<Verbs, 'rotateSession'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const selectSession = query(sql, 'rotation.selectSession', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('sessions').selectAll().where('id', '=', p.id)),
  );
  const selectUser = query(sql, 'rotation.selectUser', (p: { id: string }) =>
    sql.db.selectFrom('users').selectAll().where('id', '=', p.id),
  );
  const advance = query(
    sql,
    'rotation.advance',
    (p: {
      id: string;
      generation: number;
      parent: number | null;
      now: number;
      expiresAt: number;
    }) =>
      sql.db
        .updateTable('sessions')
        .set({
          generation: p.generation,
          parent_generation: p.parent,
          rotated_at: p.now,
          expires_at: p.expiresAt,
        })
        .where('id', '=', p.id),
  );
  const remove = query(sql, 'rotation.remove', (p: { id: string }) =>
    sql.db.deleteFrom('sessions').where('id', '=', p.id),
  );

  return {
    *rotateSession(args) {
      const { sessionId, now } = args;
      const [row] = yield* selectSession({ id: sessionId });
      if (row === undefined || row.expires_at <= now) return { status: 'gone' };
      const [userRow] = yield* selectUser({ id: row.user_id });
      if (userRow === undefined || row.epoch !== userRow.session_epoch) return { status: 'gone' };
      const session = TABLES.sessions.columns.fromRow(row);
      const status = classifyGeneration({ ...session, ...readGenerations(row) }, args);

      if (status === 'void') return { status: 'gone' };
      if (status === 'reused') {
        if (args.event === null) return { status, revocations: null };
        yield* remove({ id: sessionId });
        const entry = yield* revoke({
          kind: 'session',
          subject: sessionId,
          version: 0,
          issuedUntil: args.issuedUntil,
        });
        yield* record(args.event);
        return { status, revocations: [entry] };
      }

      const user = TABLES.users.columns.fromRow(userRow);
      if (status === 'current' || status === 'replayed') return { status, session, user };

      const generation = session.generation + 1;
      const parent = status === 'retried' ? args.generation : null;
      const expiresAt = limitExpiry(session.createdAt, args);
      yield* advance({ id: sessionId, generation, parent, now, expiresAt });
      const rotated = { ...session, generation, rotatedAt: now, expiresAt };
      return { status: 'rotated', session: rotated, user };
    },
  };
}

/**
 * `rotateSession` in one statement, which tries the swap, and where it does not apply reads the session as it is.
 * The condition of the swap is checked on the row as it is once it is locked, so of many callers one rotates. A
 * caller that waited for that one may have read the session from before. The rule then says `rotated`, although
 * nothing was rotated, and the session is read again. A reuse is judged again in a transaction, which ends the session.
 */
export function rotationStatements(sql: StatementSql): Pick<SingleStatements, 'rotateSession'> {
  const { raw } = sql;
  const { asParameters, goesOn, advance } = refreshCondition(sql);
  const rotate = rawQuery(
    sql,
    'rotation.rotateInOne',
    (p: PresentedParameters & { readonly id: string }) => raw<JoinedRow & { rotated: number }>`
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
      select session.rotated, ${joinedSelection(sql)}`,
  );

  return {
    *rotateSession(args) {
      const parameters = { id: args.sessionId, ...pick(args, PRESENTED_NUMBERS) };
      for (let attempt = 0; attempt < 2; attempt++) {
        const [row] = yield* rotate(parameters);
        if (row === undefined || (row.rotated === 0 && row.expires_at <= args.now)) {
          return { status: 'gone' };
        }
        const { session, user, ...generations } = fromJoinedRow(row);
        if (row.rotated === 1) return { status: 'rotated', session, user };
        const status = classifyGeneration({ ...session, ...generations }, args);
        if (status === 'void') return { status: 'gone' };
        if (status === 'reused') return USE_TRANSACTION;
        if (status === 'current' || status === 'replayed') return { status, session, user };
      }
      return USE_TRANSACTION;
    },
  };
}
