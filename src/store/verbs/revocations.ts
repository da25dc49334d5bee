import type { Revocation } from '../../revocation/revocation.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { auditLog } from './audit.ts';
import type { Verbs } from './verb.ts';

/** Appends to the log within the verb that revokes; answers the entry with its place in the log. */
export function revocationLog(sql: Sql): (entry: Omit<Revocation, 'seq'>) => Steps<Revocation> {
  const insert = query(sql, 'revocations.insert', (p: Omit<Revocation, 'seq'>) =>
    sql.db
      .insertInto('revocations')
      .values({ kind: p.kind, subject: p.subject, version: p.version, expires_at: p.expiresAt })
      .returning('seq'),
  );
  return function* (entry) {
    const [row] = yield* insert(entry);
    if (row === undefined) throw new Error('The revocation log answered no position.');
    return { seq: row.seq, ...entry };
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
    *revokeToken({ jti, revokeUntil, event }) {
      const entry = yield* revoke({
        kind: 'token',
        subject: jti,
        version: 0,
        expiresAt: revokeUntil,
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
