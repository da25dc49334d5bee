import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** Sessions per user that no setting had bounded before: users with more are left to the background job. */
const DEFAULT_MAX_SESSIONS = 100;

/**
 * Ends all sessions of a user by raising one number, however many there are: a session lives only while
 * its epoch is its user's. Also what a refresh must know of the generations of a session.
 *
 * The new index replaces the one over `user_id`. It lists a user's live sessions in order without a look at
 * those of earlier epochs that the background job has yet to remove.
 */
export function* sessionEpochs(sql: Sql): Steps<void> {
  const { schema } = sql.db;
  const { integer } = sql;
  const addCount = (table: 'users' | 'sessions', column: string) =>
    execute(schema.alterTable(table).addColumn(column, integer, (it) => it.notNull().defaultTo(0)));
  yield* addCount('users', 'session_epoch');
  yield* addCount('users', 'session_cleanup');
  yield* addCount('sessions', 'epoch');
  yield* addCount('sessions', 'first_generation');
  yield* execute(schema.alterTable('sessions').addColumn('parent_generation', integer));

  yield* execute(
    schema.createIndex('sessions_user_epoch').on('sessions').columns(['user_id', 'epoch', 'id']),
  );
  yield* execute(schema.dropIndex('sessions_user'));
  // Only the users with something to remove: as a rule none.
  yield {
    text: 'create index users_session_cleanup on users (id) where session_cleanup = 1',
    values: [],
  };
  yield {
    text: `update users set session_cleanup = 1 where id in (
      select user_id from sessions group by user_id having count(*) > ${DEFAULT_MAX_SESSIONS})`,
    values: [],
  };
}
