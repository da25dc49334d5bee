import type { RawBuilder, sql as template } from 'kysely';
import { LONGEST_ACCESS_TTL, type NewRevocation } from '../../auth/ports/revocations.ts';
import type { Store } from '../../auth/ports/store.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { type NewRow, TABLES, type TableName } from '../schema.ts';
import { type Query, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import type { VerbArgs, VerbName } from './verb.ts';

/** The call is one for the verb in a transaction; nothing was done. */
export const USE_TRANSACTION = Symbol('use a transaction');

/**
 * The verbs that PostgreSQL mostly runs as one statement, and so in one round trip. Each statement is a transaction
 * of its own and sees the database as it was when it began. Only a row that it changes or locks does it see as it is.
 */
export type SingleStatements = {
  readonly [K in VerbName]?: (
    args: VerbArgs<K>,
  ) => Steps<Awaited<ReturnType<Store[K]>> | typeof USE_TRANSACTION>;
};

/** What single statements need from the database. Only PostgreSQL runs them. */
export interface StatementSql extends Sql {
  /** Kysely's template for SQL. It is passed in, not imported, so that servers on SQLite do not load Kysely. */
  readonly raw: typeof template;
}

/** The members of a row under names that do not clash with those of another one. */
export type Prefixed<Name extends string, Members> = {
  [K in keyof Members & string as `${Name}_${K}`]: Members[K];
};

export function prefix<Name extends string, Members extends object>(
  name: Name,
  members: Members,
): Prefixed<Name, Members> {
  const entries = Object.entries(members).map(([key, value]) => [`${name}_${key}`, value]);
  return Object.fromEntries(entries) as Prefixed<Name, Members>;
}

export type PrefixedEntry = Prefixed<'entry', NewRevocation>;
export type PrefixedEvent = Prefixed<'event', NewRow<'audit_events'>>;
export type PrefixedSession = Prefixed<'session', NewRow<'sessions'>>;

/** The members of an entry of the revocation log that the store decides. */
export type Written = Pick<Revocation, 'seq' | 'expiresAt'>;

/** Declares a statement that is clearer as SQL than with the query builder. */
export function rawQuery<P extends object, Answer>(
  sql: StatementSql,
  name: string,
  build: (params: P) => RawBuilder<Answer>,
): Query<P, Answer> {
  return query(sql, name, (p: P) => ({ compile: () => build(p).compile(sql.db) }));
}

/** Parts of statements that several verbs share. */
export function statementParts({ raw }: StatementSql) {
  const columnList = (table: TableName) =>
    raw.join(TABLES[table].columns.names.map((it) => raw.ref(it)));

  return {
    insertUser(p: Prefixed<'user', NewRow<'users'>>): RawBuilder<unknown> {
      const values = raw.join(TABLES.users.columns.names.map((it) => p[`user_${it}`]));
      return raw`insert into users (${columnList('users')}) values (${values})`;
    },

    /** Inserts one session for each row of `source`, which has the user's `session_epoch`. */
    insertSession(p: PrefixedSession, source: RawBuilder<unknown>): RawBuilder<unknown> {
      const values = raw.join(TABLES.sessions.columns.names.map((it) => p[`session_${it}`]));
      return raw`
        insert into sessions (${columnList('sessions')}, epoch)
        select ${values}, session_epoch from ${source}`;
    },

    /** Appends to the revocation log for each row of `source`; returns `seq` and `expires_at`. */
    insertRevocation(p: PrefixedEntry, source: RawBuilder<unknown>): RawBuilder<unknown> {
      return raw`
        insert into revocations (kind, subject, version, expires_at)
        select
          ${p.entry_kind}, ${p.entry_subject}, ${p.entry_version},
          ${p.entry_issuedUntil}::bigint + 1000 * coalesce(
            (select value::bigint from facts where name = ${raw.lit(LONGEST_ACCESS_TTL)}), 0
          )
        from ${source}
        returning seq, expires_at`;
    },

    /** Records the event for each row of `source`. */
    insertEvent(p: PrefixedEvent, source: RawBuilder<unknown>): RawBuilder<unknown> {
      const values = raw.join(TABLES.audit_events.columns.names.map((it) => p[`event_${it}`]));
      return raw`
        insert into audit_events (${columnList('audit_events')})
        select ${values} from ${source}`;
    },
  };
}
