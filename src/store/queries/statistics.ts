import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Verbs } from './verb.ts';

export function statisticsVerbs(sql: Sql): Pick<Verbs, 'readStatistics'> {
  const countUsers = query(sql, 'statistics.countUsers', () =>
    sql.db.selectFrom('users').select((it) => it.fn.countAll<number>().as('count')),
  );
  const countDisabled = query(sql, 'statistics.countDisabled', () =>
    sql.db
      .selectFrom('users')
      .select((it) => it.fn.countAll<number>().as('count'))
      .where('disabled_at', 'is not', null),
  );
  const countWithRole = query(sql, 'statistics.countWithRole', (p: { role: string }) =>
    sql.db
      .selectFrom('user_roles')
      .select((it) => it.fn.countAll<number>().as('count'))
      .where('role', '=', p.role),
  );
  const countSessions = query(sql, 'statistics.countSessions', (p: { now: number }) =>
    sql.db
      .selectFrom('sessions')
      .select((it) => it.fn.countAll<number>().as('count'))
      .where('expires_at', '>', p.now),
  );
  const countEvents = query(sql, 'statistics.countEvents', (p: { after: string; limit: number }) =>
    sql.db
      .selectFrom((from) =>
        from
          .selectFrom('audit_events')
          .select('type')
          .where('id', '>', p.after)
          .orderBy('id', 'desc')
          .limit(p.limit)
          .as('recent'),
      )
      .select(['type'])
      .select((it) => it.fn.countAll<number>().as('count'))
      .groupBy('type')
      .orderBy('type'),
  );

  return {
    *readStatistics({ now, role, eventsAfter, eventLimit }) {
      const [users] = yield* countUsers({});
      const [disabled] = yield* countDisabled({});
      const [administrators] = yield* countWithRole({ role });
      const [sessions] = yield* countSessions({ now });
      const events = yield* countEvents({ after: eventsAfter, limit: eventLimit });
      return {
        users: {
          total: users?.count ?? 0,
          disabled: disabled?.count ?? 0,
          administrators: administrators?.count ?? 0,
        },
        sessions: sessions?.count ?? 0,
        events: Object.fromEntries(events.map(({ type, count }) => [type, count])),
      };
    },
  };
}
