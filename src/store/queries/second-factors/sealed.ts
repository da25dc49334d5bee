import type { Resealed } from '../../../auth/ports/second-factors.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import type { Verbs } from '../verb.ts';

/** Lists what is sealed under the root key for data. */
export function sealedVerbs(sql: Sql): Pick<Verbs, 'listSealed'> {
  const listSecrets = query(sql, 'sealed.listSecrets', (p: { after: string; limit: number }) =>
    sql.db
      .selectFrom('authenticators')
      .select(['id', 'user_id as userId', 'sealed_secret as sealed'])
      .where('id', '>', p.after)
      .orderBy('id')
      .limit(p.limit),
  );
  const listKeys = query(sql, 'sealed.listKeys', (p: { after: string; limit: number }) =>
    sql.db
      .selectFrom('recovery_codes')
      .select(['user_id as id', 'user_id as userId', 'sealed_key as sealed'])
      .where('user_id', '>', p.after)
      .orderBy('user_id')
      .limit(p.limit),
  );
  return {
    *listSealed({ table, after, limit }) {
      const list = table === 'authenticators' ? listSecrets : listKeys;
      const rows = yield* list({ after: after ?? '', limit });
      return rows.map((row) => ({ table, ...row }));
    },
  };
}

/** Replaces sealed values in the transaction that replaces the root key. One that changed meanwhile stays. */
export function resealing(sql: Sql): (values: readonly Resealed[]) => Steps<void> {
  const replaceSecret = query(
    sql,
    'sealed.replaceSecret',
    (p: { id: string; from: string; to: string }) =>
      sql.db
        .updateTable('authenticators')
        .set({ sealed_secret: p.to })
        .where('id', '=', p.id)
        .where('sealed_secret', '=', p.from),
  );
  const replaceKey = query(
    sql,
    'sealed.replaceKey',
    (p: { id: string; from: string; to: string }) =>
      sql.db
        .updateTable('recovery_codes')
        .set({ sealed_key: p.to })
        .where('user_id', '=', p.id)
        .where('sealed_key', '=', p.from),
  );
  return function* (values) {
    for (const { table, id, from, to } of values) {
      yield* (table === 'authenticators' ? replaceSecret : replaceKey)({ id, from, to });
    }
  };
}
