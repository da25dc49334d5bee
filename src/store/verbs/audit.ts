import type { AuditEvent } from '../../auth/model.ts';
import type { AuditEventRow } from '../schema.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { toEventRow } from './records.ts';
import type { Verbs } from './verb.ts';

/** Writes an event within the verb that it tells of. */
export function auditLog(sql: Sql): (event: AuditEvent) => Steps<void> {
  const insert = query(sql, 'audit.insert', (p: AuditEventRow) =>
    sql.db.insertInto('audit_events').values({
      id: p.id,
      at: p.at,
      type: p.type,
      user_id: p.user_id,
      session_id: p.session_id,
      address: p.address,
      user_agent: p.user_agent,
      subject: p.subject,
    }),
  );
  return function* (event) {
    yield* insert(toEventRow(event));
  };
}

export function auditVerbs(sql: Sql): Pick<Verbs, 'recordEvent' | 'listEvents'> {
  const newestFirst = () =>
    sql.db
      .selectFrom('audit_events')
      .select(['id', 'at', 'type', 'user_id as userId', 'session_id as sessionId'])
      .select(['address', 'user_agent as userAgent', 'subject'])
      .orderBy('id', 'desc');
  const selectAll = query(sql, 'audit.selectAll', (p: { limit: number }) =>
    newestFirst().limit(p.limit),
  );
  const selectOfUser = query(sql, 'audit.selectOfUser', (p: { userId: string; limit: number }) =>
    newestFirst().where('user_id', '=', p.userId).limit(p.limit),
  );

  return {
    recordEvent: auditLog(sql),

    *listEvents({ userId, limit }) {
      return userId === null ? yield* selectAll({ limit }) : yield* selectOfUser({ userId, limit });
    },
  };
}
