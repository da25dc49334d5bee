import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Verbs } from './verb.ts';

export function housekeepingVerbs(sql: Sql): Pick<Verbs, 'prune' | 'ping'> {
  const { db } = sql;
  const removeSessions = query((p: { now: number; limit: number }) =>
    db
      .deleteFrom('sessions')
      .where('id', 'in', (it) =>
        sql.skipLocked(
          it.selectFrom('sessions').select('id').where('expires_at', '<=', p.now).limit(p.limit),
        ),
      )
      .returning('id'),
  );
  // The newest entry stays even when it is dead: it tells how far the log has come.
  const removeRevocations = query((p: { now: number; limit: number }) =>
    db
      .deleteFrom('revocations')
      .where('seq', 'in', (it) =>
        sql.skipLocked(
          it
            .selectFrom('revocations')
            .select('seq')
            .where('expires_at', '<=', p.now)
            .where('seq', '<', (newest) =>
              newest.selectFrom('revocations').select((seq) => seq.fn.max('seq').as('seq')),
            )
            .limit(p.limit),
        ),
      )
      .returning('seq'),
  );
  // Ids of events begin with the time they were made, so no other index is needed.
  const removeEvents = query((p: { before: string; limit: number }) =>
    db
      .deleteFrom('audit_events')
      .where('id', 'in', (it) =>
        sql.skipLocked(
          it
            .selectFrom('audit_events')
            .select('id')
            .where('id', '<', p.before)
            .orderBy('id')
            .limit(p.limit),
        ),
      )
      .returning('id'),
  );
  const selectAnything = query(() => db.selectNoFrom((it) => it.lit(1).as('one')));

  return {
    *prune({ now, limit, eventsBefore }) {
      let removed = (yield* removeSessions({ now, limit })).length;
      if (removed < limit) {
        removed += (yield* removeRevocations({ now, limit: limit - removed })).length;
      }
      if (removed < limit && eventsBefore !== undefined) {
        removed += (yield* removeEvents({ before: eventsBefore, limit: limit - removed })).length;
      }
      return { removed };
    },

    *ping() {
      yield* selectAnything({});
    },
  };
}
