import type { AuditEvent } from '../../auth/audit/event.ts';
import type { AuditEventFilter } from '../../auth/audit/event-filter.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps, Value } from '../sql/steps.ts';
import { fromEventRow, toEventRow } from './event-rows.ts';
import type { Verbs } from './verb.ts';

const { names } = TABLES.audit_events.columns;

/** Records an event in the transaction of the verb that it is about. */
export function auditLog(sql: Sql): (event: AuditEvent) => Steps<void> {
  const insert = query(sql, 'audit.insert', (p: NewRow<'audit_events'>) =>
    sql.db.insertInto('audit_events').values(pick(p, names)),
  );
  return function* (event) {
    yield* insert(toEventRow(event));
  };
}

export function auditVerbs(sql: Sql): Pick<Verbs, 'recordEvent' | 'listEvents'> {
  return {
    recordEvent: auditLog(sql),

    *listEvents({ order, filter = {}, after = null, before = null, limit }) {
      const values: Value[] = [];
      const bind = (value: Value) => sql.parameter(values.push(value));
      const end = ` order by id ${order === 'newest first' ? 'desc' : 'asc'} limit `;
      const select = (chosen: AuditEventFilter) => {
        const conditions = [...describeFilter(chosen, bind)];
        if (after !== null) conditions.push(`id > ${bind(after)}`);
        if (before !== null) conditions.push(`id < ${bind(before)}`);
        const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
        return `select ${names.join(', ')} from audit_events${where}${end}${bind(limit)}`;
      };
      const { types = [] } = filter;
      // An index has the events of one type in order. Those of several types are read type by type and merged:
      // otherwise a page of rare types would read all events.
      const text =
        types.length < 2
          ? select(filter)
          : `select * from (${types
              .map(
                (type, at) => `select * from (${select({ ...filter, types: [type] })}) as of_${at}`,
              )
              .join(' union all ')}) as merged${end}${bind(limit)}`;
      const rows = yield { text, values };
      return (rows as NewRow<'audit_events'>[]).map(fromEventRow);
    },
  };
}

/**
 * The conditions of a filter in SQL. They are put together as text. A statement that had all conditions could use no
 * index, and the query builder must not be loaded where all other statements were compiled beforehand.
 */
function* describeFilter(
  { actorKind, actorId, subjectKind, subjectId, types, outcome, address }: AuditEventFilter,
  bind: (value: Value) => string,
): Generator<string> {
  if (actorKind !== undefined) yield `actor_kind = ${bind(actorKind)}`;
  if (actorId !== undefined) yield `actor_id = ${bind(actorId)}`;
  const isUser = subjectKind === undefined || subjectKind === 'user';
  if (subjectId !== undefined) yield `${isUser ? 'user_id' : 'subject'} = ${bind(subjectId)}`;
  if (subjectKind !== undefined && (subjectId === undefined || !isUser)) {
    yield `subject_kind = ${bind(subjectKind)}`;
  }
  if (types !== undefined) yield `type in (${types.map(bind).join(', ') || 'null'})`;
  if (outcome !== undefined) yield `reason is ${outcome === 'success' ? 'null' : 'not null'}`;
  if (address !== undefined) yield `address = ${bind(address)}`;
}
