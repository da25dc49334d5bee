import { sql as raw } from 'kysely';
import { toEventRow } from '../../queries/event-records.ts';
import { toSessionRow, toUserRow } from '../../queries/records.ts';
import {
  type AuditEventRow,
  type NewSessionRow,
  type NewUserRow,
  userColumns,
} from '../../schema.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { UniqueViolation } from '../failures.ts';
import { insertEvent, insertSession, type Prefixed, prefix, rawQuery } from './fragments.ts';
import type { SingleStatements } from './shortcut.ts';

type NewUser = Prefixed<'user', NewUserRow> & Prefixed<'event', AuditEventRow>;

/** The names that PostgreSQL gave to the unique columns of the table. */
const takenFields: Readonly<Record<string, 'username' | 'email'>> = {
  users_username_key_key: 'username',
  users_email_key_key: 'email',
};

export function userShortcuts(sql: Sql): Pick<SingleStatements, 'createUser'> {
  const insertUser = (p: NewUser) => raw`
    insert into users (${raw.join(userColumns.map((it) => raw.ref(it)))})
    values (${raw.join(userColumns.map((it) => p[`user_${it}`]))})
    returning id, session_epoch`;
  const create = rawQuery(
    sql,
    'postgres.users.create',
    (p: NewUser) => raw`
      with created as (${insertUser(p)})
      ${insertEvent(p, raw`created`)}`,
  );
  const createWithSession = rawQuery(
    sql,
    'postgres.users.createWithSession',
    (p: NewUser & Prefixed<'session', NewSessionRow>) => raw`
      with created as (${insertUser(p)}),
      opened as (${insertSession(p, raw`created`)})
      ${insertEvent(p, raw`created`)}`,
  );

  return {
    *createUser({
      user,
      session,
      event,
    }): Steps<{ status: 'created' } | { status: 'taken'; field: 'username' | 'email' }> {
      const rows = { ...prefix('user', toUserRow(user)), ...prefix('event', toEventRow(event)) };
      try {
        if (session === null) yield* create(rows);
        else yield* createWithSession({ ...rows, ...prefix('session', toSessionRow(session)) });
        return { status: 'created' };
      } catch (error) {
        // A look beforehand would not do: two may look at once, and both find the name free.
        const field = error instanceof UniqueViolation ? takenFields[error.constraint] : undefined;
        if (field === undefined) throw error;
        return { status: 'taken', field };
      }
    },
  };
}
