import { LONGEST_ACCESS_TTL, type NewRevocation } from '../../auth/ports/revocations.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { TABLES } from '../schema.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import { toEventRow } from './event-rows.ts';
import {
  type PrefixedEntry,
  type PrefixedEvent,
  prefix,
  rawQuery,
  type SingleStatements,
  type StatementSql,
  statementParts,
  type Written,
} from './single-statement.ts';
import type { Verbs } from './verb.ts';

const { aliases } = TABLES.revocations.columns;

/** Appends to the log in the transaction of the verb that revokes. @returns the entry as it was written */
export function revocationLog(sql: Sql): (entry: NewRevocation) => Steps<Revocation> {
  const insert = query(sql, 'revocations.insert', (p: NewRevocation) =>
    sql.db
      .insertInto('revocations')
      .values((it) => {
        const longestLifetime = it
          .selectFrom('facts')
          .select((row) => row.cast<number>('value', sql.integer).as('seconds'))
          .where('name', '=', LONGEST_ACCESS_TTL);
        const lifetimeMs = it(it.fn.coalesce(longestLifetime, it.lit(0)), '*', it.lit(1000));
        return {
          kind: p.kind,
          subject: p.subject,
          version: p.version,
          expires_at: it(it.val(p.issuedUntil), '+', lifetimeMs),
        };
      })
      .returning(['seq', 'expires_at as expiresAt']),
  );
  return function* ({ kind, subject, version, issuedUntil }) {
    const [row] = yield* insert({ kind, subject, version, issuedUntil });
    if (row === undefined) throw new Error('The revocation log returned no position.');
    return { ...row, kind, subject, version };
  };
}

export function revocationVerbs(sql: Sql): Pick<Verbs, 'revokeToken' | 'listRevocations'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const selectLive = query(sql, 'revocations.selectLive', (p: { after: number; now: number }) =>
    sql.db
      .selectFrom('revocations')
      .select('seq')
      .select(aliases)
      .where('seq', '>', p.after)
      .where('expires_at', '>', p.now)
      .orderBy('seq'),
  );
  const selectNewest = query(sql, 'revocations.selectNewest', () =>
    sql.db.selectFrom('revocations').select((it) => it.fn.max('seq').as('seq')),
  );

  return {
    *revokeToken({ jti, issuedUntil, event }) {
      const entry = yield* revoke({
        kind: 'token',
        subject: jti,
        version: 0,
        issuedUntil,
      });
      yield* record(event);
      return { found: true, revocations: [entry] };
    },

    *listRevocations({ after, now }) {
      const revocations = yield* selectLive({ after, now });
      const [newest] = yield* selectNewest({});
      return { revocations, lastSeq: newest?.seq ?? 0 };
    },
  };
}

/** `revokeToken` and `listRevocations` in one statement each. */
export function revocationStatements(
  sql: StatementSql,
): Pick<SingleStatements, 'revokeToken' | 'listRevocations'> {
  const { raw } = sql;
  const { insertRevocation, insertEvent } = statementParts(sql);
  const revoke = rawQuery(
    sql,
    'revocations.revokeInOne',
    (p: PrefixedEntry & PrefixedEvent) => raw<Written>`
      with appended as (${insertRevocation(p, raw`(select) as nothing`)}),
      recorded as (${insertEvent(p, raw`appended`)})
      select seq, expires_at as "expiresAt" from appended`,
  );
  // Entries and the newest position are read as of one moment. A position that was read a moment later could be
  // that of an entry which is not among those read.
  const select = query(sql, 'revocations.listInOne', (p: { after: number; now: number }) =>
    sql.db
      .selectFrom((it) =>
        it
          .selectFrom('revocations')
          .select((column) => column.fn.max('seq').as('last'))
          .as('log'),
      )
      .leftJoin('revocations as entry', (join) =>
        join.on('entry.seq', '>', p.after).on('entry.expires_at', '>', p.now),
      )
      .select(['log.last', 'entry.seq'])
      .select(aliases.map((it) => `entry.${it}` as const))
      .orderBy('entry.seq'),
  );

  return {
    *revokeToken({ jti, issuedUntil, event }) {
      const entry = { kind: 'token', subject: jti, version: 0 } as const;
      const [row] = yield* revoke({
        ...prefix('entry', { ...entry, issuedUntil }),
        ...prefix('event', toEventRow(event)),
      });
      if (row === undefined) throw new Error('The revocation log returned no position.');
      return { found: true, revocations: [{ ...row, ...entry }] };
    },

    *listRevocations(args) {
      const rows = yield* select(args);
      const revocations: Revocation[] = [];
      for (const { last: _, seq, kind, subject, version, expiresAt } of rows) {
        const isEmpty =
          seq === null ||
          kind === null ||
          subject === null ||
          version === null ||
          expiresAt === null;
        if (!isEmpty) revocations.push({ seq, kind, subject, version, expiresAt });
      }
      return { revocations, lastSeq: rows[0]?.last ?? 0 };
    },
  };
}
