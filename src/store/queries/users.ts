import type { UserRecord } from '../../auth/model.ts';
import { type NewUserRow, userColumns } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import { fromUserRow, toUserRow } from './records.ts';
import { sessionInsert } from './sessions.ts';
import type { Verbs } from './verb.ts';

/** Stores a user. @returns the rows inserted: none where the name, the address or the id is taken */
export function userInsert(sql: Sql): (user: UserRecord) => Steps<{ id: string }[]> {
  const insertUnlessTaken = query(sql, 'users.insertUnlessTaken', (p: NewUserRow) =>
    sql.db
      .insertInto('users')
      .values(pick(p, userColumns))
      .onConflict((it) => it.doNothing())
      .returning('id'),
  );
  return (user) => insertUnlessTaken(toUserRow(user));
}

export function userVerbs(sql: Sql): Pick<Verbs, 'createUser' | 'findUser' | 'listUsers'> {
  const insertUnlessTaken = userInsert(sql);
  const insertSession = sessionInsert(sql);
  const record = auditLog(sql);
  const selectById = query(sql, 'users.selectById', (p: { id: string }) =>
    sql.db.selectFrom('users').selectAll().where('id', '=', p.id),
  );
  const selectByUsername = query(sql, 'users.selectByUsername', (p: { key: string }) =>
    sql.db.selectFrom('users').selectAll().where('username_key', '=', p.key),
  );
  const selectByEmail = query(sql, 'users.selectByEmail', (p: { key: string }) =>
    sql.db.selectFrom('users').selectAll().where('email_key', '=', p.key),
  );
  const selectPage = query(sql, 'users.selectPage', (p: { after: string; limit: number }) =>
    sql.db.selectFrom('users').selectAll().where('id', '>', p.after).orderBy('id').limit(p.limit),
  );

  function* findTakenField(user: UserRecord): Steps<'username' | 'email'> {
    if (user.usernameKey !== null) {
      const [holder] = yield* selectByUsername({ key: user.usernameKey });
      if (holder !== undefined) return 'username';
    }
    if (user.emailKey !== null) {
      const [holder] = yield* selectByEmail({ key: user.emailKey });
      if (holder !== undefined) return 'email';
    }
    throw new Error('The user was not stored: its id is in use already.');
  }

  return {
    *createUser({ user, session, event }) {
      const [inserted] = yield* insertUnlessTaken(user);
      if (inserted === undefined) return { status: 'taken', field: yield* findTakenField(user) };
      if (session !== null) yield* insertSession(session, 0);
      yield* record(event);
      return { status: 'created' };
    },

    *findUser(by) {
      const [row] =
        'id' in by
          ? yield* selectById(by)
          : 'usernameKey' in by
            ? yield* selectByUsername({ key: by.usernameKey })
            : yield* selectByEmail({ key: by.emailKey });
      return row === undefined ? undefined : fromUserRow(row);
    },

    *listUsers({ after, limit }) {
      const rows = yield* selectPage({ after: after ?? '', limit });
      return rows.map(fromUserRow);
    },
  };
}
