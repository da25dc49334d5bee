import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** How a user authenticated and by which client, for each session. */
export function* accounts(sql: Sql): Steps<void> {
  yield* sessionProofs(sql);
}

/**
 * Until now there was no proof but the password. The default says so for the sessions that are there, and for
 * those that nodes of an earlier version still start while an upgrade is rolled out.
 */
function* sessionProofs({ db: { schema }, text, integer }: Sql): Steps<void> {
  const sessions = () => schema.alterTable('sessions');
  yield* execute(sessions().addColumn('amr', text, (it) => it.notNull().defaultTo('pwd')));
  yield* execute(sessions().addColumn('mfa_time', integer));
  yield* execute(sessions().addColumn('client_id', text));
}
