import type { Session } from '../../auth/model.ts';
import type { Proof } from '../../auth/ports/proof.ts';
import { type NewSessionRow, sessionColumns, type UserRow } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import { secretConsumption } from './one-time-secrets.ts';
import {
  fromJoinedRow,
  fromSessionRow,
  fromUserRow,
  joinedSessionColumns,
  toSessionRow,
} from './records.ts';
import { revocationLog } from './revocations.ts';
import { roomMaking } from './session-cleanup.ts';
import type { Verbs } from './verb.ts';

/** Sorts after every id by its bytes, in both databases. */
const afterEveryId = '~';

/** Stores a session within the verb that starts it. */
export function sessionInsert(sql: Sql): (session: Session, epoch: number) => Steps<void> {
  const insert = query(sql, 'sessions.insert', (p: NewSessionRow & { epoch: number }) =>
    sql.db.insertInto('sessions').values({ ...pick(p, sessionColumns), epoch: p.epoch }),
  );
  return function* (session, epoch) {
    yield* insert({ ...toSessionRow(session), epoch });
  };
}

export function sessionVerbs(
  sql: Sql,
): Pick<Verbs, 'openSession' | 'findSession' | 'listSessions' | 'endSession'> {
  const insertSession = sessionInsert(sql);
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const makeRoom = roomMaking(sql);
  const consumeSecret = secretConsumption(sql);
  const selectUser = query(sql, 'sessions.selectUser', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('users').selectAll().where('id', '=', p.id)),
  );
  const replaceHash = query(sql, 'sessions.replaceHash', (p: { id: string; hash: string }) =>
    sql.db.updateTable('users').set({ password_hash: p.hash }).where('id', '=', p.id),
  );
  const selectLive = query(
    sql,
    'sessions.selectLive',
    (p: { userId: string; now: number; before: string; limit: number }) =>
      sql.db
        .selectFrom('sessions')
        .selectAll()
        .where('user_id', '=', p.userId)
        .where('epoch', '=', (it) =>
          it.selectFrom('users').select('session_epoch').where('id', '=', p.userId),
        )
        .where('id', '<', p.before)
        .where('expires_at', '>', p.now)
        .orderBy('id', 'desc')
        .limit(p.limit),
  );
  const selectById = query(sql, 'sessions.selectById', (p: { id: string; now: number }) =>
    sql.db
      .selectFrom('sessions')
      .innerJoin('users', (join) =>
        join
          .onRef('users.id', '=', 'sessions.user_id')
          .onRef('users.session_epoch', '=', 'sessions.epoch'),
      )
      .selectAll('users')
      .select(['sessions.id as session_id', 'sessions.created_at as session_created_at'])
      .select(joinedSessionColumns.map((it) => `sessions.${it}` as const))
      .where('sessions.id', '=', p.id)
      .where('sessions.expires_at', '>', p.now),
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

  /** Whether what was proved still holds. Uses up the one-time secret. The user is locked. */
  function* holds(proof: Proof, user: UserRow): Steps<boolean> {
    if (proof.kind === 'password') return proof.verifiedHash === user.password_hash;
    const { kind, consume } = proof;
    const namesUser = kind !== 'passkey' && kind !== 'identity';
    return (!namesUser || consume.subject === user.id) && (yield* consumeSecret(consume));
  }

  return {
    *openSession({ session, proof, event, bound }) {
      const [row] = yield* selectUser({ id: session.userId });
      if (row === undefined || row.disabled_at !== null) return { status: 'refused' };
      if (row.password_change_required_at !== null) return { status: 'refused' };
      if (!(yield* holds(proof, row))) return { status: 'refused' };
      const rehash = proof.kind === 'password' ? proof.rehash : null;
      if (rehash !== null) yield* replaceHash({ id: row.id, hash: rehash });
      yield* insertSession(session, row.session_epoch);
      yield* record(event);
      const user = fromUserRow({ ...row, password_hash: rehash ?? row.password_hash });
      if (bound === undefined) return { status: 'opened', user };
      const revocations = yield* makeRoom(session, row, bound);
      return revocations.length === 0
        ? { status: 'opened', user }
        : { status: 'opened', user, revocations };
    },

    *findSession({ sessionId, now }) {
      const [row] = yield* selectById({ id: sessionId, now });
      return row === undefined ? undefined : fromJoinedRow(row);
    },

    *listSessions({ userId, now, before = null, limit }) {
      const rows = yield* selectLive({ userId, now, before: before ?? afterEveryId, limit });
      return rows.map(fromSessionRow);
    },

    *endSession({ sessionId, userId, evenIfGone = false, issuedUntil, event }) {
      const [ended] =
        userId === null
          ? yield* remove({ id: sessionId })
          : yield* removeOfUser({ id: sessionId, userId });
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
