import type { AuditEvent } from '../../../auth/audit/event.ts';
import type { Session } from '../../../auth/model.ts';
import type { Revocation } from '../../../revocation/revocation.ts';
import type { Row } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { revocationLog } from '../revocations.ts';
import type { VerbArgs } from '../verb.ts';
import { sessionRemoval } from './session-removal.ts';

/** Appends the entry that refuses the access tokens of a session. */
function sessionRevocation(
  sql: Sql,
): (sessionId: string, issuedUntil: number) => Steps<Revocation> {
  const revoke = revocationLog(sql);
  return (subject, issuedUntil) => revoke({ kind: 'session', subject, version: 0, issuedUntil });
}

interface Bound {
  readonly userId: string;
  /** The session epoch of the user. */
  readonly epoch: number;
  readonly maxSessions: number;
  /** The id of a session that must not end. */
  readonly spared?: string;
}

/**
 * Ends the least recently used of the sessions beyond `maxSessions`, at most as many as there are events. It reads only
 * the oldest rows: as many as `maxSessions` and the events together. The rows of these that it leaves are the most
 * recently used ones. So repeated calls end the same sessions as one call that reads all rows would.
 */
export function surplusEnding(sql: Sql) {
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
    // Last, because each entry takes the log's lock on PostgreSQL.
    const revocations: Revocation[] = [];
    for (const id of ended) revocations.push(yield* revoke(id, issuedUntil));
    return revocations;
  };
}

/**
 * Makes room for a session that was just stored: ends the least recently used other session if the user has more
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
