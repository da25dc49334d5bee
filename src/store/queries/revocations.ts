import { LONGEST_ACCESS_TTL, type NewRevocation } from '../../auth/ports/revocations.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import type { Verbs } from './verb.ts';

/** Appends to the log within the verb that revokes; answers the entry as it was written. */
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
    if (row === undefined) throw new Error('The revocation log answered no position.');
    return { ...row, kind, subject, version };
  };
}

export function revocationVerbs(sql: Sql): Pick<Verbs, 'revokeToken' | 'listRevocations'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const selectLive = query(sql, 'revocations.selectLive', (p: { after: number; now: number }) =>
    sql.db
      .selectFrom('revocations')
      .select(['seq', 'kind', 'subject', 'version', 'expires_at as expiresAt'])
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
