import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';

/** What an audit event is about that is no user: a key, a guard. */
export function* eventSubject(sql: Sql): Steps<void> {
  yield* execute(sql.db.schema.alterTable('audit_events').addColumn('subject', sql.text));
}
