import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { sessionInsert } from './sessions/open-session.ts';
import { userInsert } from './users/users.ts';
import type { Verbs } from './verb.ts';

export function writeProbeVerbs(sql: Sql): Pick<Verbs, 'tryWriting'> {
  const insertUser = userInsert(sql);
  const insertSession = sessionInsert(sql);
  const record = auditLog(sql);
  const removeEvent = query(sql, 'writeProbe.removeEvent', (p: { id: string }) =>
    sql.db.deleteFrom('audit_events').where('id', '=', p.id),
  );
  const removeUser = query(sql, 'writeProbe.removeUser', (p: { id: string }) =>
    sql.db.deleteFrom('users').where('id', '=', p.id),
  );

  return {
    *tryWriting({ user, session, event }) {
      yield* insertUser(user);
      yield* insertSession(session, 0);
      yield* record(event);
      yield* removeEvent({ id: event.id });
      // Removes its session as well.
      yield* removeUser({ id: user.id });
    },
  };
}
