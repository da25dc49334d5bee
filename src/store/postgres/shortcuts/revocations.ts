import type { Revocation } from '../../../revocation/revocation.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { SingleStatements } from './shortcut.ts';

/**
 * Entries and the newest position in one statement, and so as of one moment: asked for the position a
 * moment later, the database would tell of entries that were not among those read.
 */
export function revocationShortcut(sql: Sql): Pick<SingleStatements, 'listRevocations'> {
  const select = query(sql, 'postgres.revocations.select', (p: { after: number; now: number }) =>
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
      .select(['log.last', 'entry.seq', 'entry.kind', 'entry.subject', 'entry.version'])
      .select('entry.expires_at as expiresAt')
      .orderBy('entry.seq'),
  );

  return {
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
