import type { StoredKey } from '../../auth/ports.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Verbs } from './verb.ts';

export function keyVerbs(sql: Sql): Pick<Verbs, 'ensureKey' | 'listKeys'> {
  const { db } = sql;
  const insert = query((p: StoredKey) =>
    db.insertInto('signing_keys').values({
      kid: p.kid,
      algorithm: p.algorithm,
      public_jwk: p.publicJwk,
      sealed_private_jwk: p.sealedPrivateJwk,
      created_at: p.createdAt,
      active_at: p.activeAt,
      retired_at: p.retiredAt,
    }),
  );
  const selectAll = query(() =>
    db
      .selectFrom('signing_keys')
      .select(['kid', 'algorithm', 'public_jwk as publicJwk'])
      .select(['sealed_private_jwk as sealedPrivateJwk', 'created_at as createdAt'])
      .select(['active_at as activeAt', 'retired_at as retiredAt'])
      .orderBy('active_at')
      .orderBy('kid'),
  );
  const isRetired = (key: StoredKey, now: number) => key.retiredAt !== null && key.retiredAt <= now;

  return {
    *ensureKey({ candidate, now }) {
      const keys = (yield* selectAll({})).filter((it) => !isRetired(it, now));
      if (keys.some((it) => it.algorithm === candidate.algorithm && it.activeAt <= now)) {
        return keys;
      }
      yield* insert(candidate);
      return (yield* selectAll({})).filter((it) => !isRetired(it, now));
    },

    *listKeys() {
      return yield* selectAll({});
    },
  };
}
