import type { EventOwner } from '../../../auth/ports/audit-chain.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps, Value } from '../../sql/steps.ts';
import type { Verbs } from '../verb.ts';

/** Events whose personal fields one step of deleting a user erases. */
const EVENTS_PER_STEP = 200;

const NOTHING_PERSONAL = { address: null, user_agent: null, salt: null } as const;

interface Range {
  readonly userId: string;
  /** Excluded. */
  readonly after: string;
  /** Included. */
  readonly upTo: string;
}

/**
 * Removes the personal fields of a person who was deleted: those of events that the person caused, and of events about
 * the person whose actor is not proven, such as a failed sign-in. What an administrator did to the person keeps the
 * administrator's address. The salts go too: without them the digests in the chain reveal nothing.
 */
function erasure(sql: Sql) {
  const selectOfSubject = query(
    sql,
    'erasure.selectOfSubject',
    (p: { userId: string; after: string; limit: number }) =>
      sql.db
        .selectFrom('audit_events')
        .select('id')
        .where('user_id', '=', p.userId)
        .where('id', '>', p.after)
        .orderBy('id')
        .limit(p.limit),
  );
  const selectOfActor = query(
    sql,
    'erasure.selectOfActor',
    (p: { userId: string; after: string; limit: number }) =>
      sql.db
        .selectFrom('audit_events')
        .select('id')
        .where('actor_kind', '=', 'user')
        .where('actor_id', '=', p.userId)
        .where('id', '>', p.after)
        .orderBy('id')
        .limit(p.limit),
  );
  const eraseOfSubject = query(sql, 'erasure.eraseOfSubject', (p: Range) =>
    sql.db
      .updateTable('audit_events')
      .set(NOTHING_PERSONAL)
      .where('user_id', '=', p.userId)
      .where('id', '>', p.after)
      .where('id', '<=', p.upTo)
      .where((it) =>
        it.or([it('actor_kind', 'is', null), it('actor_kind', 'in', ['anonymous', 'unknown'])]),
      ),
  );
  const eraseOfActor = query(sql, 'erasure.eraseOfActor', (p: Range) =>
    sql.db
      .updateTable('audit_events')
      .set(NOTHING_PERSONAL)
      .where('actor_kind', '=', 'user')
      .where('actor_id', '=', p.userId)
      .where('id', '>', p.after)
      .where('id', '<=', p.upTo),
  );

  /** @returns the last id that it reached, or null: nothing is left */
  return function* (userId: string, after: string, limit: number): Steps<string | null> {
    const subject = yield* selectOfSubject({ userId, after, limit });
    const actor = yield* selectOfActor({ userId, after, limit });
    const ids = [...new Set([...subject, ...actor].map(({ id }) => id))].sort().slice(0, limit);
    const upTo = ids.at(-1);
    if (upTo === undefined) return null;
    yield* eraseOfSubject({ userId, after, upTo });
    yield* eraseOfActor({ userId, after, upTo });
    return ids.length < limit ? null : upTo;
  };
}

/** The erasure as a part of deleting a user. */
export function erasureOfUser(sql: Sql): (userId: string, now: number) => Steps<void> {
  const erase = erasure(sql);
  const request = query(sql, 'erasure.request', (p: { userId: string; now: number }) =>
    sql.db
      .insertInto('audit_erasures')
      .values({ user_id: p.userId, requested_at: p.now })
      .onConflict((it) => it.doNothing()),
  );
  return function* (userId, now) {
    // A person with many events is remembered until all of them are done.
    if ((yield* erase(userId, '', EVENTS_PER_STEP)) !== null) yield* request({ userId, now });
  };
}

export function erasureVerbs(sql: Sql): Pick<Verbs, 'eraseEvents' | 'findErasure'> {
  const erase = erasure(sql);
  const selectOne = query(sql, 'erasure.selectOne', () =>
    sql.db.selectFrom('audit_erasures').select('user_id as userId').orderBy('user_id').limit(1),
  );
  const finish = query(sql, 'erasure.finish', (p: { userId: string }) =>
    sql.db.deleteFrom('audit_erasures').where('user_id', '=', p.userId),
  );
  return {
    *eraseEvents({ userId, after, limit }) {
      const last = yield* erase(userId, after, limit);
      if (last === null) yield* finish({ userId });
      return { after: last };
    },

    *findErasure() {
      const [row] = yield* selectOne({});
      return row?.userId;
    },
  };
}

/** The erasure of events that were committed after their owner was deleted. */
export function erasureInChain(sql: Sql) {
  const erase = query(sql, 'erasure.eraseOne', (p: { id: string }) =>
    sql.db.updateTable('audit_events').set(NOTHING_PERSONAL).where('id', '=', p.id),
  );
  return {
    erase,
    /**
     * Keeps the owners from being deleted until the transaction ends: a deletion that comes later finds the events
     * itself.
     * @returns the ids of the events whose owner was deleted
     */
    *findOfDeleted(owners: readonly EventOwner[]): Steps<string[]> {
      const ids = [...new Set(owners.map(({ userId }) => userId))].sort();
      const found = new Set<string>();
      // Sizes of a few kinds keep the number of different statements small.
      for (let rest = ids; rest.length > 0; ) {
        const size = rest.length >= 16 ? 16 : 1;
        const values: Value[] = rest.slice(0, size);
        const places = values.map((_, at) => sql.parameter(at + 1)).join(', ');
        const text = `select id from users where id in (${places}) order by id${sql.keepRows}`;
        const rows = yield { text, values };
        for (const row of rows) found.add(String(Object(row).id));
        rest = rest.slice(size);
      }
      return owners.filter(({ userId }) => !found.has(userId)).map(({ eventId }) => eventId);
    },
  };
}
