import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { rawQuery, type SingleStatements, type StatementSql } from '../single-statement.ts';
import type { Verbs } from '../verb.ts';

/** Pages of a table that PostgreSQL reads for a sample. Each has about 20 users. */
const SAMPLED_PAGES = 64;

/**
 * For SQLite: reads the row at each of the places, between the first row id and the last. Rows without a hash are left out
 * afterwards: to look for the next row with one could be to read them all.
 */
export function hashSampleVerb(sql: Sql): Pick<Verbs, 'samplePasswordHashes'> {
  const rowId = () => sql.db.dynamic.ref<'id'>('rowid');
  const selectLast = query(sql, 'users.lastRow', () =>
    sql.db.selectFrom('users').select(rowId()).orderBy(rowId(), 'desc').limit(1),
  );
  const selectAt = query(sql, 'users.hashAt', (p: { at: number }) =>
    sql.db
      .selectFrom('users')
      .select('password_hash as hash')
      .where(rowId(), '>=', p.at as never)
      .orderBy(rowId())
      .limit(1),
  );
  const selectFirst = query(sql, 'users.firstHashes', (p: { limit: number }) =>
    sql.db.selectFrom('users').select('password_hash as hash').limit(p.limit),
  );

  return {
    *samplePasswordHashes({ places }) {
      const [row] = yield* selectLast({});
      // It is a column that no type names.
      const last = Number(Object(row).rowid ?? 0);
      const hashes: (string | null)[] = [];
      if (last <= places.length) {
        for (const { hash } of yield* selectFirst({ limit: places.length })) hashes.push(hash);
      } else {
        for (const place of places) {
          const [found] = yield* selectAt({ at: 1 + Math.floor(place * last) });
          if (found !== undefined) hashes.push(found.hash);
        }
      }
      return hashes.filter((hash) => hash !== null);
    },
  };
}

/** For PostgreSQL: reads some pages of the table. */
export function hashSampleStatement(
  sql: StatementSql,
): Pick<SingleStatements, 'samplePasswordHashes'> {
  const { raw } = sql;
  const sample = rawQuery(
    sql,
    'users.sampleHashes',
    (p: { limit: number }) => raw<{ hash: string }>`
      select password_hash as hash
      from users tablesample system (
        least(100, ${raw.lit(SAMPLED_PAGES * 8192 * 100)}::float8 / greatest(1, pg_relation_size('users')))
      )
      where password_hash is not null
      order by random()
      limit ${p.limit}`,
  );
  return {
    *samplePasswordHashes({ places }) {
      return (yield* sample({ limit: places.length })).map(({ hash }) => hash);
    },
  };
}
