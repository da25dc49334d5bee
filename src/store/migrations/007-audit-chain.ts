import { execute } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { assertFree } from './assert-free.ts';

/**
 * The chain of audit events, the erasure of deleted people from them, and indexes for every filter. Events that are
 * there already become the first events of the chain when a server of this version starts.
 */
export function* auditChain(sql: Sql): Steps<void> {
  yield* chainColumns(sql);
  yield* filterIndexes(sql);
  yield* erasures(sql);
}

function* chainColumns({ db: { schema }, text, integer }: Sql): Steps<void> {
  const events = () => schema.alterTable('audit_events');
  for (const column of ['salt', 'digest', 'origin', 'mac']) {
    yield* execute(events().addColumn(column, text));
  }
  for (const column of ['seq', 'sealed_at']) yield* execute(events().addColumn(column, integer));
  // Indexes on a part of the rows. A sign-in adds its event to the first, and the node that seals moves it to the second.
  const statements = [
    'create index audit_events_unsealed on audit_events (id) where seq is null',
    'create unique index audit_events_sealed on audit_events (seq) where seq is not null',
  ];
  for (const statement of statements) yield { text: statement, values: [] };
}

/** Each filter has an index that ends with the id, so that a page is read from it in order. */
function* filterIndexes(_sql: Sql): Steps<void> {
  const statements = [
    'create index audit_events_address on audit_events (address, id) where address is not null',
    'create index audit_events_subject on audit_events (subject, id) where subject is not null',
    'create index audit_events_failure on audit_events (id) where reason is not null',
  ];
  for (const text of statements) yield { text, values: [] };
}

/** People whose address and user agent are still to be removed from audit events. */
function* erasures(sql: Sql): Steps<void> {
  yield* assertFree(sql, ['audit_erasures']);
  yield* execute(
    sql.table(
      sql.db.schema
        .createTable('audit_erasures')
        .addColumn('user_id', sql.text, (it) => it.primaryKey().notNull())
        .addColumn('requested_at', sql.integer, (it) => it.notNull()),
    ),
  );
}
