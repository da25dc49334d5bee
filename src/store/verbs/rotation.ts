import type { Session } from '../../auth/model.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { fromSessionRow, fromUserRow } from './records.ts';
import { revocationLog } from './revocations.ts';
import type { VerbArgs, Verbs } from './verb.ts';

/** What a presented generation means for a live session: the table in the port's comment. */
export function judge(
  session: Session,
  { generation, now, grace }: Pick<VerbArgs<'rotateSession'>, 'generation' | 'now' | 'grace'>,
): 'rotated' | 'current' | 'replayed' | 'reused' {
  // Absolute: a clock that stepped back far must not keep the window open until it has caught up.
  const young = Math.abs(now - session.rotatedAt) < grace;
  if (generation === session.generation) return young ? 'current' : 'rotated';
  if (generation === session.generation - 1 && young) return 'replayed';
  // Too old: somebody else has a copy. Too new: the database was restored from before the token, and
  // what was issued since then cannot be told from a copy.
  return 'reused';
}

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
    (p: { id: string; generation: number; now: number; expiresAt: number }) =>
      sql.db
        .updateTable('sessions')
        .set({ generation: p.generation, rotated_at: p.now, expires_at: p.expiresAt })
        .where('id', '=', p.id),
  );
  const remove = query(sql, 'rotation.remove', (p: { id: string }) =>
    sql.db.deleteFrom('sessions').where('id', '=', p.id),
  );

  return {
    *rotateSession(args) {
      const { sessionId, now, expiresAt } = args;
      const [row] = yield* selectSession({ id: sessionId });
      if (row === undefined || row.expires_at <= now) return { status: 'gone' };
      const session = fromSessionRow(row);
      const status = judge(session, args);

      if (status === 'reused') {
        yield* remove({ id: sessionId });
        const entry = yield* revoke({
          kind: 'session',
          subject: sessionId,
          version: 0,
          expiresAt: args.revokeUntil,
        });
        yield* record(args.event);
        return { status, revocations: [entry] };
      }

      const [userRow] = yield* selectUser({ id: session.userId });
      if (userRow === undefined) return { status: 'gone' };
      const user = fromUserRow(userRow);
      if (status !== 'rotated') return { status, session, user };

      const generation = session.generation + 1;
      yield* advance({ id: sessionId, generation, now, expiresAt });
      return { status, session: { ...session, generation, rotatedAt: now, expiresAt }, user };
    },
  };
}
