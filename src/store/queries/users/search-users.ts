import { type Row, TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Verbs } from '../verb.ts';

const { columns } = TABLES.users;

/** Sorts after every id by its bytes, in both databases. */
const AFTER_EVERY_ID = '~';

interface IdRange {
  readonly after: string;
  readonly before: string;
  readonly limit: number;
}

interface KeyRange {
  readonly from: string;
  readonly to: string;
  readonly after: string;
  readonly limit: number;
}

/**
 * The lists and searches of users. Each reads a range of one index in its order and stops at the limit, so that a page
 * takes as long among a million users as among a thousand.
 */
export function searchVerbs(sql: Sql): Pick<Verbs, 'listUsers' | 'searchUsers'> {
  const selectPage = query(sql, 'users.selectPage', (p: IdRange) =>
    sql.db
      .selectFrom('users')
      .selectAll()
      .where('id', '>', p.after)
      .where('id', '<', p.before)
      .orderBy('id')
      .limit(p.limit),
  );
  const selectDisabled = query(sql, 'users.selectDisabled', (p: IdRange) =>
    sql.db
      .selectFrom('users')
      .selectAll()
      .where('disabled_at', 'is not', null)
      .where('id', '>', p.after)
      .where('id', '<', p.before)
      .orderBy('id')
      .limit(p.limit),
  );
  const selectWithRole = query(sql, 'users.selectWithRole', (p: IdRange & { role: string }) =>
    sql.db
      .selectFrom('user_roles')
      .innerJoin('users', 'users.id', 'user_roles.user_id')
      .selectAll('users')
      .where('user_roles.role', '=', p.role)
      .where('user_roles.user_id', '>', p.after)
      .where('user_roles.user_id', '<', p.before)
      .orderBy('user_roles.user_id')
      .limit(p.limit),
  );
  const byKey = (column: 'username_key' | 'email_key') =>
    query(sql, `users.selectBy_${column}`, (p: KeyRange) =>
      sql.db
        .selectFrom('users')
        .selectAll()
        .where(column, '>=', p.from)
        .where(column, '<', p.to)
        .where(column, '>', p.after)
        .orderBy(column)
        .limit(p.limit),
    );
  const selectByUsername = byKey('username_key');
  const selectByEmail = byKey('email_key');

  return {
    *listUsers({ after, before = null, limit, role, isDisabled }) {
      const range = { after: after ?? '', before: before ?? AFTER_EVERY_ID, limit };
      const rows =
        role !== undefined
          ? yield* selectWithRole({ ...range, role })
          : isDisabled
            ? yield* selectDisabled(range)
            : yield* selectPage(range);
      return rows.map(columns.fromRow);
    },

    *searchUsers(range) {
      const toFound = (column: 'username_key' | 'email_key') => (row: Row<'users'>) => ({
        key: row[column] ?? '',
        user: columns.fromRow(row),
      });
      const found = [
        ...(yield* selectByUsername(range)).map(toFound('username_key')),
        ...(yield* selectByEmail(range)).map(toFound('email_key')),
      ];
      return found.sort((a, b) => compareBytes(a.key, b.key)).slice(0, range.limit);
    },
  };
}

/** Compares as the databases do: by the bytes of UTF-8. */
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
