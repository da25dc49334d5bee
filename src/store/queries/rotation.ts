import { classifyGeneration } from '../../auth/sessions/refresh-rule.ts';
import { limitExpiry } from '../../auth/sessions/session-lifetime.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { fromSessionRow, fromUserRow, readGenerations } from './records.ts';
import { revocationLog } from './revocations.ts';
import type { Verbs } from './verb.ts';

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
      const session = fromSessionRow(row);
      const status = classifyGeneration({ ...session, ...readGenerations(row) }, args);

      if (status === 'void') return { status: 'gone' };
      if (status === 'reused') {
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

      const user = fromUserRow(userRow);
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
