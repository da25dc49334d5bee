import {
  type BucketState,
  countAttempt,
  isOpen,
  MAX_DOUBLINGS,
} from '../../auth/limits/bucket-rule.ts';
import type { PlacesLeft } from '../../auth/ports/limits.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import { rawQuery, type SingleStatements, type StatementSql } from './single-statement.ts';
import type { Verbs } from './verb.ts';

const { columns } = TABLES.attempt_limits;

type LimitVerbs = Pick<
  Verbs,
  'takePlaces' | 'leavePlaces' | 'nameBucket' | 'findBucket' | 'removeBuckets' | 'listClosedBuckets'
>;

/** Clears buckets and gives places back, in the transaction of the verb with which an attempt succeeds. */
export function placesLeaving(sql: Sql): (places: PlacesLeft) => Steps<void> {
  const remove = bucketRemoval(sql);
  const giveBack = query(sql, 'limits.giveBack', (p: { key: string }) =>
    sql.db
      .updateTable('attempt_limits')
      .set((it) => ({ attempts: it('attempts', '-', 1), open_at: 0 }))
      .where('key', '=', p.key)
      .where('attempts', '>', 0),
  );
  return function* ({ cleared, returned }) {
    yield* remove(cleared);
    for (const key of returned.toSorted()) yield* giveBack({ key });
  };
}

/** Removes the buckets with these keys. @returns whether there was one */
export function bucketRemoval(sql: Sql): (keys: readonly string[]) => Steps<boolean> {
  const remove = query(sql, 'limits.remove', (p: { key: string }) =>
    sql.db.deleteFrom('attempt_limits').where('key', '=', p.key).returning('key'),
  );
  return function* (keys) {
    let found = false;
    // Always in the same order, so that no two transactions wait for each other.
    for (const key of keys.toSorted()) found = (yield* remove({ key })).length > 0 || found;
    return found;
  };
}

export function limitVerbs(sql: Sql): LimitVerbs {
  const leave = placesLeaving(sql);
  const remove = bucketRemoval(sql);
  const record = auditLog(sql);
  const select = query(sql, 'limits.select', (p: { key: string }) =>
    sql.db.selectFrom('attempt_limits').select(columns.aliases).where('key', '=', p.key),
  );
  const put = query(
    sql,
    'limits.put',
    (p: Pick<NewRow<'attempt_limits'>, 'key' | 'kind' | 'attempts' | 'open_at' | 'ends_at'>) => {
      const counts = pick(p, ['attempts', 'open_at', 'ends_at']);
      return sql.db
        .insertInto('attempt_limits')
        .values({ key: p.key, kind: p.kind, ...counts })
        .onConflict((it) => it.column('key').doUpdateSet(counts));
    },
  );
  const name = query(sql, 'limits.name', (p: { key: string; subject: string | null }) =>
    sql.db.updateTable('attempt_limits').set({ subject: p.subject }).where('key', '=', p.key),
  );
  const selectClosed = query(
    sql,
    'limits.selectClosed',
    (p: { kind: NewRow<'attempt_limits'>['kind']; now: number; after: string; limit: number }) =>
      sql.db
        .selectFrom('attempt_limits')
        .select(columns.aliases)
        .where('kind', '=', p.kind)
        .where('open_at', '>', p.now)
        .where('key', '>', p.after)
        .orderBy('key')
        .limit(p.limit),
  );

  return {
    // Only a database that runs one transaction at a time may read and then write. PostgreSQL has a statement for it.
    *takePlaces({ places, now }) {
      const before = new Map<string, BucketState | undefined>();
      for (const { key } of places) {
        const [bucket] = yield* select({ key });
        before.set(key, bucket);
      }
      const closed = places.flatMap(({ key }) => {
        const bucket = before.get(key);
        return bucket === undefined || isOpen(bucket, now) ? [] : [{ key, openAt: bucket.openAt }];
      });
      if (closed.length > 0) return { status: 'refused', closed };
      const attempts: number[] = [];
      for (const { key, kind, rule } of places) {
        const { openAt, endsAt, ...next } = countAttempt(before.get(key), rule, now);
        yield* put({ key, kind, attempts: next.attempts, open_at: openAt, ends_at: endsAt });
        attempts.push(next.attempts);
      }
      return { status: 'taken', attempts };
    },

    leavePlaces: leave,

    *nameBucket({ key, subject }) {
      yield* name({ key, subject });
    },

    *findBucket({ key }) {
      const [bucket] = yield* select({ key });
      return bucket;
    },

    *removeBuckets({ keys, event }) {
      const found = yield* remove(keys);
      if (found) yield* record(event);
      return { found };
    },

    *listClosedBuckets({ kind, now, after, limit }) {
      return yield* selectClosed({ kind, now, after: after ?? '', limit });
    },
  };
}

/** How often the statement runs if other attempts take the last places at the same moment. */
const MAX_RACES = 5;

/** `takePlaces` in one statement. Its conditions and its arithmetic are those of `countAttempt`. */
export function limitStatements(sql: StatementSql): Pick<SingleStatements, 'takePlaces'> {
  const { raw } = sql;
  const leave = placesLeaving(sql);
  // A bucket that was closed when the statement began is found by reading, so a refusal locks and writes nothing. One
  // that another attempt closes in the meantime is found by the update, which checks each row once it has locked it.
  const take = rawQuery(
    sql,
    'limits.take',
    (p: Readonly<Record<'keys' | 'kinds' | 'numbers', string>> & { now: number }) =>
      raw<{ key: string; attempts: number | null; open_at: number }>`
      with asked as (
        select
          key, kind, numbers[1] as free, numbers[2] = 1 as slides, numbers[3] as span,
          numbers[4] as first_wait, numbers[5] as longest_wait, ${p.now}::bigint as now
        from (
          select it.key, it.kind, array(
            select n::bigint from unnest(string_to_array(it.numbers, '/')) as n
          ) as numbers
          from unnest(${p.keys}::text[], ${p.kinds}::text[], ${p.numbers}::text[]) as it (key, kind, numbers)
        ) as rules
      ),
      closed as (
        select key, open_at from attempt_limits
        where key = any(${p.keys}::text[]) and open_at > ${p.now}::bigint
      ),
      before as (
        select asked.* from asked where not exists (select from closed) order by key
      ),
      taken as (
        insert into attempt_limits as it (key, kind, attempts, open_at, ends_at)
        select key, kind, 1,
          case when free > 1 then 0 when slides then now + least(longest_wait, first_wait) else now + span end,
          now + span
        from before
        on conflict (key) do update set (attempts, open_at, ends_at) = (
          select
            n.attempts,
            case
              when n.attempts < asked.free then 0
              when asked.slides then asked.now + least(
                asked.longest_wait,
                asked.first_wait << least(n.attempts - asked.free, ${raw.lit(MAX_DOUBLINGS)})::int
              )
              else n.ends_at
            end,
            n.ends_at
          from asked, lateral (
            select
              case when it.ends_at > asked.now then it.attempts + 1 else 1 end as attempts,
              case
                when it.ends_at > asked.now and not asked.slides then it.ends_at
                else asked.now + asked.span
              end as ends_at
          ) as n
          where asked.key = excluded.key
        )
        where it.open_at <= ${p.now}::bigint
        returning it.key, it.attempts
      )
      select key, attempts, 0 as open_at from taken
      union all
      select key, null, open_at from closed`,
  );

  return {
    *takePlaces({ places, now }) {
      const list = (values: readonly string[]) => `{${values.join()}}`;
      const parameters = {
        keys: list(places.map((it) => it.key)),
        kinds: list(places.map((it) => it.kind)),
        numbers: list(
          places.map(({ rule: { free, counts, spanMs, firstWaitMs, longestWaitMs } }) =>
            [free, counts === 'streak' ? 1 : 0, spanMs, firstWaitMs, longestWaitMs].join('/'),
          ),
        ),
        now,
      };
      for (let race = 0; race < MAX_RACES; race++) {
        const rows = yield* take(parameters);
        const closed = rows.filter((it) => it.attempts === null);
        if (closed.length > 0) {
          return {
            status: 'refused',
            closed: closed.map(({ key, open_at }) => ({ key, openAt: open_at })),
          };
        }
        const taken = new Map(rows.map(({ key, attempts }) => [key, attempts]));
        const attempts = places.flatMap(({ key }) => taken.get(key) ?? []);
        if (attempts.length === places.length) return { status: 'taken', attempts };
        // Another attempt closed one of the buckets after this statement began.
        yield* leave({ cleared: [], returned: [...taken.keys()] });
      }
      // Each time the bucket was opened and closed again in between. That is a refusal, which may end at any moment.
      return { status: 'refused', closed: places.map(({ key }) => ({ key, openAt: now + 1 })) };
    },
  };
}
