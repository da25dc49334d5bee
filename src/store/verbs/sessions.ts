import type { Session } from '../../auth/model.ts';
import type { SessionRow } from '../schema.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import { fromSessionRow, fromUserRow, toSessionRow } from './records.ts';
import { revocationLog } from './revocations.ts';
import type { Verbs } from './verb.ts';

/** Stores a session within the verb that starts it. */
export function sessionInsert(sql: Sql): (session: Session) => Steps<void> {
  const insert = query(sql, 'sessions.insert', (p: SessionRow) =>
    sql.db.insertInto('sessions').values({
      id: p.id,
      user_id: p.user_id,
      generation: p.generation,
      rotated_at: p.rotated_at,
      expires_at: p.expires_at,
      created_at: p.created_at,
      auth_time: p.auth_time,
      scope: p.scope,
      address: p.address,
      user_agent: p.user_agent,
    }),
  );
  return function* (session) {
    yield* insert(toSessionRow(session));
  };
}

export function sessionVerbs(sql: Sql): Pick<Verbs, 'openSession' | 'listSessions' | 'endSession'> {
  const insertSession = sessionInsert(sql);
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const selectUser = query(sql, 'sessions.selectUser', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('users').selectAll().where('id', '=', p.id)),
  );
  const replaceHash = query(sql, 'sessions.replaceHash', (p: { id: string; hash: string }) =>
    sql.db.updateTable('users').set({ password_hash: p.hash }).where('id', '=', p.id),
  );
  const selectLive = query(sql, 'sessions.selectLive', (p: { userId: string; now: number }) =>
    sql.db
      .selectFrom('sessions')
      .selectAll()
      .where('user_id', '=', p.userId)
      .where('expires_at', '>', p.now)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc'),
  );
  const remove = query(sql, 'sessions.remove', (p: { id: string }) =>
    sql.db.deleteFrom('sessions').where('id', '=', p.id).returning('id'),
  );
  const removeOfUser = query(sql, 'sessions.removeOfUser', (p: { id: string; userId: string }) =>
    sql.db
      .deleteFrom('sessions')
      .where('id', '=', p.id)
      .where('user_id', '=', p.userId)
      .returning('id'),
  );

  return {
    *openSession({ session, verifiedHash, rehash, event }) {
      const [row] = yield* selectUser({ id: session.userId });
      if (row === undefined || row.disabled_at !== null || row.password_hash !== verifiedHash) {
        return { status: 'refused' };
      }
      if (rehash !== null) yield* replaceHash({ id: row.id, hash: rehash });
      yield* insertSession(session);
      yield* record(event);
      const user = fromUserRow({ ...row, password_hash: rehash ?? row.password_hash });
      return { status: 'opened', user };
    },

    *listSessions({ userId, now }) {
      const rows = yield* selectLive({ userId, now });
      return rows.map(fromSessionRow);
    },

    *endSession({ sessionId, userId, revokeUntil, event }) {
      const [ended] =
        userId === null
          ? yield* remove({ id: sessionId })
          : yield* removeOfUser({ id: sessionId, userId });
      if (ended === undefined) return { found: false, revocations: [] };
      const entry = yield* revoke({
        kind: 'session',
        subject: sessionId,
        version: 0,
        expiresAt: revokeUntil,
      });
      yield* record(event);
      return { found: true, revocations: [entry] };
    },
  };
}
