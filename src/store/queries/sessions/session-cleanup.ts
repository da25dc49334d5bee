import type { AuditEvent } from '../../../auth/audit/event.ts';
import type { Session } from '../../../auth/model.ts';
import type { Revocation } from '../../../revocation/revocation.ts';
import type { Row } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { revocationLog } from '../revocations.ts';
import type { VerbArgs, Verbs } from '../verb.ts';

/**
 * Rows that one transaction removes for a person who waits. Whoever has more sessions loses them all in
 * that moment, by the epoch; the rows that are left are removed by the background job.
 */
const rowsAtOnce = 100;

/** What ending many sessions of a user is made of. Each locks the user before its sessions. */
export function sessionRemoval(sql: Sql) {
  const removeSome = query(
    sql,
    'cleanup.removeSome',
    (p: { userId: string; before: number; limit: number }) =>
      sql.db
        .deleteFrom('sessions')
        .where('id', 'in', (it) =>
          it
            .selectFrom('sessions')
            .select('id')
            .where('user_id', '=', p.userId)
            .where('epoch', '<', p.before)
            // The order of the index, so that PostgreSQL reads no more than it needs.
            .orderBy('epoch')
            .limit(p.limit),
        )
        .returning('id'),
  );
  const flag = query(sql, 'cleanup.flag', (p: { userId: string }) =>
    sql.db.updateTable('users').set({ session_cleanup: 1 }).where('id', '=', p.userId),
  );

  return {
    flag,
    removeSome,
    /** Removes rows of epochs before this one, or has the background job do it where they are many. */
    *removeBefore(userId: string, epoch: number): Steps<void> {
      const removed = yield* removeSome({ userId, before: epoch, limit: rowsAtOnce });
      if (removed.length === rowsAtOnce) yield* flag({ userId });
    },
  };
}

/** Appends the entry that refuses the access tokens of one session. */
function sessionRevocation(
  sql: Sql,
): (sessionId: string, issuedUntil: number) => Steps<Revocation> {
  const revoke = revocationLog(sql);
  return (subject, issuedUntil) => revoke({ kind: 'session', subject, version: 0, issuedUntil });
}

export function cleanupVerbs(sql: Sql): Pick<Verbs, 'findSessionCleanup' | 'cleanUpSessions'> {
  const { removeSome } = sessionRemoval(sql);
  const endSurplus = surplusEnding(sql);
  const selectFlagged = query(sql, 'cleanup.selectFlagged', () =>
    sql.db
      .selectFrom('users')
      .select('id')
      // In the text, so that the index of these users alone applies.
      .where('session_cleanup', '=', (it) => it.lit(1))
      .limit(1),
  );
  const lockUser = query(sql, 'cleanup.lockUser', (p: { id: string }) =>
    sql.forUpdate(
      sql.db.selectFrom('users').select('session_epoch as epoch').where('id', '=', p.id),
    ),
  );
  const clearFlag = query(sql, 'cleanup.clearFlag', (p: { id: string }) =>
    sql.db.updateTable('users').set({ session_cleanup: 0 }).where('id', '=', p.id),
  );

  return {
    *findSessionCleanup() {
      const [user] = yield* selectFlagged({});
      return user?.id;
    },

    *cleanUpSessions({ userId, maxSessions, issuedUntil, events }) {
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return { isDone: true, revocations: [] };
      const limit = events.length;
      const removed = yield* removeSome({ userId, before: user.epoch, limit });
      if (removed.length > 0 && removed.length === limit) return { isDone: false, revocations: [] };
      const session = { userId, epoch: user.epoch, maxSessions };
      const revocations = yield* endSurplus(session, events.slice(removed.length), issuedUntil);
      const isDone = removed.length + revocations.length < limit;
      if (isDone) yield* clearFlag({ id: userId });
      return { isDone, revocations };
    },
  };
}

interface Bound {
  readonly userId: string;
  /** The user's. */
  readonly epoch: number;
  readonly maxSessions: number;
  /** The id of a session that must not end. */
  readonly spared?: string;
}

/**
 * Ends the least recently used of the sessions beyond `maxSessions`, as many as there are events. It looks
 * at no more of the oldest rows than `maxSessions` and that number. What it leaves of these are the most
 * recently used, so going on until nothing is left to end finds the same as a look at all rows would.
 */
function surplusEnding(sql: Sql) {
  const revoke = sessionRevocation(sql);
  const record = auditLog(sql);
  const selectOldest = query(
    sql,
    'cleanup.selectOldest',
    (p: { userId: string; epoch: number; limit: number }) =>
      sql.db
        .selectFrom('sessions')
        .select(['id', 'rotated_at as usedAt'])
        .where('user_id', '=', p.userId)
        .where('epoch', '=', p.epoch)
        .orderBy('id')
        .limit(p.limit),
  );
  const remove = query(sql, 'cleanup.remove', (p: { id: string }) =>
    sql.db.deleteFrom('sessions').where('id', '=', p.id).returning('id'),
  );

  return function* (
    { userId, epoch, maxSessions, spared = '' }: Bound,
    events: readonly AuditEvent[],
    issuedUntil: number,
  ): Steps<Revocation[]> {
    const limit = maxSessions + events.length;
    const oldest = yield* selectOldest({ userId, epoch, limit });
    const surplus = Math.max(0, oldest.length - maxSessions);
    const ended: string[] = [];
    const others = oldest.filter(({ id }) => id !== spared);
    for (const { id } of others.toSorted((a, b) => a.usedAt - b.usedAt).slice(0, surplus)) {
      const [row] = yield* remove({ id });
      const event = events[ended.length];
      if (row === undefined || event === undefined) continue;
      yield* record({ ...event, sessionId: id });
      ended.push(id);
    }
    // Last, as each entry takes the lock of the log on PostgreSQL.
    const revocations: Revocation[] = [];
    for (const id of ended) revocations.push(yield* revoke(id, issuedUntil));
    return revocations;
  };
}

/**
 * Makes room for a session that was just stored: ends the least recently used other one if there are more
 * than the bound allows.
 */
export function roomMaking(sql: Sql) {
  const endSurplus = surplusEnding(sql);
  const { flag } = sessionRemoval(sql);
  const selectOverfull = query(
    sql,
    'cleanup.selectOverfull',
    (p: { userId: string; epoch: number; offset: number }) =>
      sql.db
        .selectFrom('sessions')
        .select('id')
        .where('user_id', '=', p.userId)
        .where('epoch', '=', p.epoch)
        .orderBy('id')
        .limit(1)
        .offset(p.offset),
  );

  return function* (
    { userId, id: spared }: Session,
    { session_epoch: epoch, session_cleanup: isFlagged }: Row<'users'>,
    { maxSessions, issuedUntil, event }: NonNullable<VerbArgs<'openSession'>['bound']>,
  ): Steps<Revocation[]> {
    const revocations = yield* endSurplus(
      { userId, epoch, maxSessions, spared },
      [event],
      issuedUntil,
    );
    if (revocations.length === 0 || isFlagged === 1) return revocations;
    const [surplus] = yield* selectOverfull({ userId, epoch, offset: maxSessions });
    if (surplus !== undefined) yield* flag({ userId });
    return revocations;
  };
}
