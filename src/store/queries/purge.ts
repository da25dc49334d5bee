import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { secretRemoval } from './one-time-secrets.ts';
import { mailRemoval } from './outbox.ts';
import type { Verbs } from './verb.ts';

export function purgeVerbs(sql: Sql): Pick<Verbs, 'purgeExpired' | 'ping'> {
  const { removeExpired: removeSecrets } = secretRemoval(sql);
  const { removeOld: removeMails } = mailRemoval(sql);
  const removeSessions = query(sql, 'purge.removeSessions', (p: { now: number; limit: number }) =>
    sql.db
      .deleteFrom('sessions')
      .where('id', 'in', (it) =>
        sql.skipLocked(
          it.selectFrom('sessions').select('id').where('expires_at', '<=', p.now).limit(p.limit),
        ),
      )
      .returning('id'),
  );
  // The newest entry stays even after it expired: its `seq` says how far the log has come.
  const removeRevocations = query(
    sql,
    'purge.removeRevocations',
    (p: { now: number; limit: number }) =>
      sql.db
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
  const removeBuckets = query(sql, 'purge.removeBuckets', (p: { now: number; limit: number }) =>
    sql.db
      .deleteFrom('attempt_limits')
      .where('key', 'in', (it) =>
        sql.skipLocked(
          it
            .selectFrom('attempt_limits')
            .select('key')
            .where('ends_at', '<=', p.now)
            .limit(p.limit),
        ),
      )
      .returning('key'),
  );
  // Sealed events are removed in the order of the chain, by `cutEvents`. The id of an event begins with its time.
  const removeEvents = query(sql, 'purge.removeEvents', (p: { before: string; limit: number }) =>
    sql.db
      .deleteFrom('audit_events')
      .where('id', 'in', (it) =>
        sql.skipLocked(
          it
            .selectFrom('audit_events')
            .select('id')
            .where('seq', 'is', null)
            .where('id', '<', p.before)
            .orderBy('id')
            .limit(p.limit),
        ),
      )
      .returning('id'),
  );
  const selectAnything = query(sql, 'purge.selectAnything', () =>
    sql.db.selectNoFrom((it) => it.lit(1).as('one')),
  );

  return {
    *purgeExpired({ now, limit, eventsBefore }) {
      let removed = (yield* removeSessions({ now, limit })).length;
      if (removed < limit) {
        removed += (yield* removeRevocations({ now, limit: limit - removed })).length;
      }
      if (removed < limit)
        removed += (yield* removeSecrets({ now, limit: limit - removed })).length;
      if (removed < limit)
        removed += (yield* removeBuckets({ now, limit: limit - removed })).length;
      if (removed < limit) removed += (yield* removeMails({ now, limit: limit - removed })).length;
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
