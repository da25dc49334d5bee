import type { Envelope } from '../../auth/keys/envelope.ts';
import type { StoredKey } from '../../auth/keys/stored-key.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { secretRemoval } from './one-time-secrets.ts';
import { revocationLog } from './revocations.ts';
import type { Verbs } from './verb.ts';

/** The name of the shared state that counts the changes of keys and envelopes. */
const VERSION = 'keys_version';

export function keyVerbs(sql: Sql): Pick<Verbs, 'readKeys' | 'changeKeys'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const { removeEvery: removeSecrets } = secretRemoval(sql);
  const selectVersion = query(sql, 'keys.selectVersion', () =>
    sql.db.selectFrom('facts').select('value').where('name', '=', VERSION),
  );
  const makeVersion = query(sql, 'keys.makeVersion', () =>
    sql.db
      .insertInto('facts')
      .values({ name: VERSION, value: '0' })
      .onConflict((it) => it.doNothing()),
  );
  const lockVersion = query(sql, 'keys.lockVersion', () =>
    sql.forUpdate(sql.db.selectFrom('facts').select('value').where('name', '=', VERSION)),
  );
  const setVersion = query(sql, 'keys.setVersion', (p: { value: string }) =>
    sql.db.updateTable('facts').set({ value: p.value }).where('name', '=', VERSION),
  );
  const selectKeys = query(sql, 'keys.selectKeys', () =>
    sql.db
      .selectFrom('signing_keys')
      .select(['kid', 'algorithm', 'public_jwk as publicJwk'])
      .select(['sealed_private_jwk as sealedPrivateJwk', 'created_at as createdAt'])
      .select(['active_at as activeAt', 'retired_at as retiredAt', 'revoked_at as revokedAt'])
      .orderBy('active_at')
      .orderBy('kid'),
  );
  const selectEnvelopes = query(sql, 'keys.selectEnvelopes', () =>
    sql.db
      .selectFrom('envelopes')
      .select(['id', 'kind', 'sealed', 'created_at as createdAt', 'ends_at as endsAt'])
      .orderBy('created_at')
      .orderBy('id'),
  );
  const removeKey = query(sql, 'keys.removeKey', (p: { kid: string }) =>
    sql.db.deleteFrom('signing_keys').where('kid', '=', p.kid),
  );
  const insertKey = query(sql, 'keys.insertKey', (p: StoredKey) =>
    sql.db.insertInto('signing_keys').values({
      kid: p.kid,
      algorithm: p.algorithm,
      public_jwk: p.publicJwk,
      sealed_private_jwk: p.sealedPrivateJwk,
      created_at: p.createdAt,
      active_at: p.activeAt,
      retired_at: p.retiredAt,
      revoked_at: p.revokedAt,
    }),
  );
  const removeEnvelope = query(sql, 'keys.removeEnvelope', (p: { id: string }) =>
    sql.db.deleteFrom('envelopes').where('id', '=', p.id),
  );
  const insertEnvelope = query(sql, 'keys.insertEnvelope', (p: Envelope) =>
    sql.db.insertInto('envelopes').values({
      id: p.id,
      kind: p.kind,
      sealed: p.sealed,
      created_at: p.createdAt,
      ends_at: p.endsAt,
    }),
  );

  return {
    *readKeys() {
      // The version first, and what opens last: a change in between is then noticed, and nothing read
      // is without what opens it.
      const [version] = yield* selectVersion({});
      const keys = yield* selectKeys({});
      const envelopes = yield* selectEnvelopes({});
      return { version: Number(version?.value ?? 0), keys, envelopes };
    },

    *changeKeys({ version, keys = [], removedKeys = [], event, ...rest }) {
      const { envelopes = [], removedEnvelopes = [], revocations: entries = [] } = rest;
      yield* makeVersion({});
      const [stored] = yield* lockVersion({});
      if (Number(stored?.value) !== version) return { status: 'outdated' };
      yield* setVersion({ value: String(version + 1) });
      for (const kid of removedKeys) yield* removeKey({ kid });
      for (const key of keys) {
        yield* removeKey({ kid: key.kid });
        yield* insertKey(key);
      }
      for (const id of removedEnvelopes) yield* removeEnvelope({ id });
      for (const envelope of envelopes) {
        yield* removeEnvelope({ id: envelope.id });
        yield* insertEnvelope(envelope);
      }
      if (rest.endsOneTimeSecrets) yield* removeSecrets({});
      const revocations: Revocation[] = [];
      for (const entry of entries) revocations.push(yield* revoke(entry));
      if (event !== undefined) yield* record(event);
      return { status: 'changed', revocations };
    },
  };
}
