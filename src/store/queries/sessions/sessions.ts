import type { Session } from '../../../auth/model.ts';
import type { Proof } from '../../../auth/ports/proof.ts';
import { type NewRow, type Row, TABLES } from '../../schema.ts';
import { pick, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { toEventRow } from '../event-rows.ts';
import { secretConsumption } from '../one-time-secrets.ts';
import { revocationLog } from '../revocations.ts';
import {
  type PrefixedEntry,
  type PrefixedEvent,
  type PrefixedSession,
  prefix,
  rawQuery,
  type SingleStatements,
  type StatementSql,
  statementParts,
  USE_TRANSACTION,
  type Written,
} from '../single-statement.ts';
import type { Verbs } from '../verb.ts';
import { fromJoinedRow, JOINED_SESSION_COLUMNS } from './joined-rows.ts';
import { roomMaking } from './session-cleanup.ts';

const { columns } = TABLES.sessions;

/** Sorts after every id by its bytes, in both databases. */
const AFTER_EVERY_ID = '~';

/** Stores a session within the verb that starts it. */
export function sessionInsert(sql: Sql): (session: Session, epoch: number) => Steps<void> {
  const insert = query(sql, 'sessions.insert', (p: NewRow<'sessions'> & { epoch: number }) =>
    sql.db.insertInto('sessions').values({ ...pick(p, columns.names), epoch: p.epoch }),
  );
  return function* (session, epoch) {
    yield* insert({ ...columns.toRow(session), epoch });
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
      .select(JOINED_SESSION_COLUMNS.map((it) => `sessions.${it}` as const))
      .where('sessions.id', '=', p.id)
      .where('sessions.expires_at', '>', p.now),
  );
  const remove = query(sql, 'sessions.remove', (p: { id: string; userId: string }) =>
    sql.db
      .deleteFrom('sessions')
      .where('id', '=', p.id)
      .where('user_id', '=', p.userId)
      .returning('id'),
  );

  /** Whether what was proved still holds. Uses up the one-time secret. The user is locked. */
  function* holds(proof: Proof, user: Row<'users'>): Steps<boolean> {
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
      const user = TABLES.users.columns.fromRow({
        ...row,
        password_hash: rehash ?? row.password_hash,
      });
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
      const rows = yield* selectLive({ userId, now, before: before ?? AFTER_EVERY_ID, limit });
      return rows.map(columns.fromRow);
    },

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

/**
 * How many sessions a user must be below the bound for one statement to open another. It counts them as they were
 * when it began, so as many as all nodes have connections may open at the same time.
 */
const HEADROOM = 32;
const NO_BOUND = 2 ** 31 - 1;

/** `openSession` and `endSession` in one statement each. */
export function sessionStatements(
  sql: StatementSql,
): Pick<SingleStatements, 'openSession' | 'endSession'> {
  const { raw } = sql;
  const { insertSession, insertRevocation, insertEvent } = statementParts(sql);
  // A change of the password, disabling and deletion lock the user first. This statement waits for those that came
  // before it and then checks the user as it is now. Those that come later wait for it, and find the session to end.
  const open = rawQuery(
    sql,
    'sessions.openInOne',
    (p: PrefixedSession & PrefixedEvent & { verifiedHash: string; room: number }) =>
      raw<Row<'users'> & { admitted: number }>`
      with account as (
        select * from users
        where id = ${p.session_user_id}
          and password_hash = ${p.verifiedHash}
          and disabled_at is null
          and password_change_required_at is null
        for share
      ),
      admitted as (
        select * from account where (
          select count(*) from (
            select from sessions where user_id = ${p.session_user_id} limit ${p.room}
          ) as held
        ) < ${p.room}
      ),
      opened as (${insertSession(p, raw`admitted`)}),
      recorded as (${insertEvent(p, raw`admitted`)})
      select account.*, (select count(*) from admitted) as admitted from account`,
  );
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
    *openSession({ session, proof, event, bound }) {
      const room = bound === undefined ? NO_BOUND : bound.maxSessions - HEADROOM;
      if (proof.kind !== 'password' || proof.rehash !== null || room < 1) return USE_TRANSACTION;
      const [row] = yield* open({
        ...prefix('session', columns.toRow(session)),
        ...prefix('event', toEventRow(event)),
        verifiedHash: proof.verifiedHash,
        room,
      });
      if (row === undefined) return { status: 'refused' };
      if (row.admitted === 0) return USE_TRANSACTION;
      return { status: 'opened', user: TABLES.users.columns.fromRow(row) };
    },

    *endSession({ sessionId, userId, evenIfGone = false, issuedUntil, event }) {
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
