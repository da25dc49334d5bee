import type { UserRecord } from '../../../auth/model.ts';
import { type NewRow, TABLES } from '../../schema.ts';
import { pick, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { UniqueViolation } from '../../sql/unique-violation.ts';
import { auditLog } from '../audit.ts';
import { toEventRow } from '../event-rows.ts';
import { sessionInsert } from '../sessions/open-session.ts';
import {
  type Prefixed,
  type PrefixedEvent,
  type PrefixedSession,
  prefix,
  rawQuery,
  type SingleStatements,
  type StatementSql,
  statementParts,
} from '../single-statement.ts';
import type { Verbs } from '../verb.ts';

const { columns } = TABLES.users;

type TakenField = 'username' | 'email';

/** Inserts a user. @returns the rows inserted: none if the name, the address or the id is taken */
export function userInsert(sql: Sql): (user: UserRecord) => Steps<{ id: string }[]> {
  const insertUnlessTaken = query(sql, 'users.insertUnlessTaken', (p: NewRow<'users'>) =>
    sql.db
      .insertInto('users')
      .values(pick(p, columns.names))
      .onConflict((it) => it.doNothing())
      .returning('id'),
  );
  return (user) => insertUnlessTaken(columns.toRow(user));
}

export function userVerbs(sql: Sql): Pick<Verbs, 'createUser' | 'findUser'> {
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

  function* findTakenField(user: UserRecord): Steps<TakenField> {
    if (user.usernameKey !== null) {
      const [holder] = yield* selectByUsername({ key: user.usernameKey });
      if (holder !== undefined) return 'username';
    }
    if (user.emailKey !== null) {
      const [holder] = yield* selectByEmail({ key: user.emailKey });
      if (holder !== undefined) return 'email';
    }
    throw new Error('The user was not stored: its id is already in use.');
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
      return row === undefined ? undefined : columns.fromRow(row);
    },
  };
}

/** By the names that PostgreSQL gave to the unique constraints of the table. */
const TAKEN_FIELDS: Readonly<Record<string, TakenField>> = {
  users_username_key_key: 'username',
  users_email_key_key: 'email',
};

/** `createUser` in one statement. */
export function userStatements(sql: StatementSql): Pick<SingleStatements, 'createUser'> {
  const { raw } = sql;
  const { insertUser, insertSession, insertEvent } = statementParts(sql);
  type NewUser = Prefixed<'user', NewRow<'users'>> & PrefixedEvent;
  const create = rawQuery(
    sql,
    'users.createInOne',
    (p: NewUser) => raw`
      with created as (${insertUser(p)} returning id, session_epoch)
      ${insertEvent(p, raw`created`)}`,
  );
  const createWithSession = rawQuery(
    sql,
    'users.createWithSessionInOne',
    (p: NewUser & PrefixedSession) => raw`
      with created as (${insertUser(p)} returning id, session_epoch),
      opened as (${insertSession(p, raw`created`)})
      ${insertEvent(p, raw`created`)}`,
  );

  return {
    *createUser({ user, session, event }): ReturnType<Verbs['createUser']> {
      const rows = {
        ...prefix('user', columns.toRow(user)),
        ...prefix('event', toEventRow(event)),
      };
      try {
        if (session === null) yield* create(rows);
        else {
          const row = TABLES.sessions.columns.toRow(session);
          yield* createWithSession({ ...rows, ...prefix('session', row) });
        }
        return { status: 'created' };
      } catch (error) {
        // Looking for the name beforehand would not do: two calls could look at the same time and both find it free.
        const field = error instanceof UniqueViolation ? TAKEN_FIELDS[error.constraint] : undefined;
        if (field === undefined) throw error;
        return { status: 'taken', field };
      }
    },
  };
}
