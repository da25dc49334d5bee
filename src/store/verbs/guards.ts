import type { GuardRecord } from '../../auth/model.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import type { Verbs } from './verb.ts';

type GuardVerbs = Pick<Verbs, 'createGuard' | 'findGuard' | 'listGuards' | 'deleteGuard'>;

/** The credentials of guards. */
export function guardVerbs(sql: Sql): GuardVerbs {
  const record = auditLog(sql);
  const insertUnlessTaken = query(sql, 'guards.insertUnlessTaken', (p: GuardRecord) =>
    sql.db
      .insertInto('guards')
      .values({ id: p.id, name: p.name, key_hash: p.keyHash, created_at: p.createdAt })
      .onConflict((it) => it.doNothing())
      .returning('id'),
  );
  const select = () =>
    sql.db
      .selectFrom('guards')
      .select(['id', 'name', 'key_hash as keyHash', 'created_at as createdAt']);
  const selectById = query(sql, 'guards.selectById', (p: { id: string }) =>
    select().where('id', '=', p.id),
  );
  const selectAll = query(sql, 'guards.selectAll', () =>
    select().orderBy('created_at').orderBy('id'),
  );
  const remove = query(sql, 'guards.remove', (p: { id: string }) =>
    sql.db.deleteFrom('guards').where('id', '=', p.id).returning('id'),
  );

  return {
    *createGuard({ guard, event }) {
      const [inserted] = yield* insertUnlessTaken(guard);
      if (inserted === undefined) return { status: 'taken' };
      yield* record(event);
      return { status: 'created' };
    },

    *findGuard({ id }) {
      const [guard] = yield* selectById({ id });
      return guard;
    },

    *listGuards() {
      return yield* selectAll({});
    },

    *deleteGuard({ id, event }) {
      const [removed] = yield* remove({ id });
      if (removed === undefined) return { found: false };
      yield* record(event);
      return { found: true };
    },
  };
}
