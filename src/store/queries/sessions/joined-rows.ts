import type { RawBuilder } from 'kysely';
import type { LiveSession } from '../../../auth/ports/sessions.ts';
import { type NewRow, type Row, TABLES } from '../../schema.ts';
import type { StatementSql } from '../single-statement.ts';

const SHARED = ['id', 'user_id', 'created_at'] as const;
type SharedColumn = (typeof SHARED)[number];

/**
 * A session and its user in one row. The columns that both have are the user's; those of the session are
 * prefixed.
 */
export type JoinedRow = Row<'users'> &
  Omit<Row<'sessions'>, SharedColumn | 'epoch'> & {
    session_id: string;
    session_created_at: number;
  };

/** The columns of the session in a {@link JoinedRow} that keep their names. */
export const JOINED_SESSION_COLUMNS: readonly Exclude<
  keyof Row<'sessions'>,
  SharedColumn | 'epoch'
>[] = [
  ...TABLES.sessions.columns.names.filter(
    (name): name is Exclude<keyof NewRow<'sessions'>, SharedColumn> =>
      !SHARED.some((shared) => shared === name),
  ),
  'first_generation',
  'parent_generation',
];

/** A session and its user, as {@link fromJoinedRow} reads them; `session` is a part of the statement. */
export function joinedSelection({ raw }: StatementSql): RawBuilder<unknown> {
  return raw`
    users.*, session.id as session_id, session.created_at as session_created_at,
    ${raw.join(JOINED_SESSION_COLUMNS.map((it) => raw.ref(`session.${it}`)))}
    from session join users
      on users.id = session.user_id and users.session_epoch = session.epoch`;
}

export function fromJoinedRow(row: JoinedRow): LiveSession {
  const { id: user_id, session_id: id, session_created_at: created_at } = row;
  return {
    session: TABLES.sessions.columns.fromRow({ ...row, id, user_id, created_at }),
    user: TABLES.users.columns.fromRow(row),
    ...readGenerations(row),
  };
}

/** The generations of a session whose refresh tokens are honoured. */
export function readGenerations(
  row: Pick<Row<'sessions'>, 'generation' | 'first_generation' | 'parent_generation'>,
): Pick<LiveSession, 'firstGeneration' | 'parentGeneration'> {
  return {
    firstGeneration: row.first_generation,
    parentGeneration: row.parent_generation ?? row.generation - 1,
  };
}
