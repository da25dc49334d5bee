import { type RawBuilder, sql as raw } from 'kysely';
import { LONGEST_ACCESS_TTL, type NewRevocation } from '../../../auth/ports/revocations.ts';
import type { Revocation } from '../../../revocation/revocation.ts';
import {
  type AuditEventRow,
  eventColumns,
  type NewSessionRow,
  sessionColumns,
} from '../../schema.ts';
import { type Query, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';

/** The members of a record under names that do not clash with those of another one. */
export type Prefixed<Name extends string, Row> = {
  [K in keyof Row & string as `${Name}_${K}`]: Row[K];
};

export function prefix<Name extends string, Row extends object>(
  name: Name,
  row: Row,
): Prefixed<Name, Row> {
  const entries = Object.entries(row).map(([key, value]) => [`${name}_${key}`, value]);
  return Object.fromEntries(entries) as Prefixed<Name, Row>;
}

/** A statement that the query builder would say less clearly. */
export function rawQuery<P extends object, Row>(
  sql: Sql,
  name: string,
  build: (params: P) => RawBuilder<Row>,
): Query<P, Row> {
  return query(sql, name, (p: P) => ({ compile: () => build(p).compile(sql.db) }));
}

/** Inserts one session for each row of `source`, which has the user's `session_epoch`. */
export function insertSession(
  p: Prefixed<'session', NewSessionRow>,
  source: RawBuilder<unknown>,
): RawBuilder<unknown> {
  const columns = raw.join(sessionColumns.map((it) => raw.ref(it)));
  const values = raw.join(sessionColumns.map((it) => p[`session_${it}`]));
  return raw`
    insert into sessions (${columns}, epoch)
    select ${values}, session_epoch from ${source}`;
}

/** Appends to the revocation log for each row of `source`; answers what {@link Written} has. */
export function insertRevocation(
  p: Prefixed<'entry', NewRevocation>,
  source: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return raw`
    insert into revocations (kind, subject, version, expires_at)
    select
      ${p.entry_kind}, ${p.entry_subject}, ${p.entry_version},
      ${p.entry_issuedUntil}::bigint + 1000 * coalesce(
        (select value::bigint from facts where name = ${raw.lit(LONGEST_ACCESS_TTL)}), 0
      )
    from ${source}
    returning seq, expires_at`;
}

/** What the store decided about an entry of the revocation log. */
export type Written = Pick<Revocation, 'seq' | 'expiresAt'>;

/** Records the event for each row of `source`. */
export function insertEvent(
  p: Prefixed<'event', AuditEventRow>,
  source: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return raw`
    insert into audit_events (${raw.join(eventColumns.map((name) => raw.ref(name)))})
    select ${raw.join(eventColumns.map((name) => p[`event_${name}`]))}
    from ${source}`;
}
