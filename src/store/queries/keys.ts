import type { Revocation } from '../../revocation/revocation.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { secretRemoval } from './one-time-secrets.ts';
import { revocationLog } from './revocations.ts';
import { resealing } from './second-factors/sealed.ts';
import type { Verbs } from './verb.ts';

const keyColumns = TABLES.signing_keys.columns;
const envelopeColumns = TABLES.envelopes.columns;

/** The name of the shared state that counts the changes of keys and envelopes. */
const VERSION = 'keys_version';

export function keyVerbs(sql: Sql): Pick<Verbs, 'readKeys' | 'changeKeys'> {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const { removeEvery: removeSecrets } = secretRemoval(sql);
  const reseal = resealing(sql);
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
      .select(keyColumns.aliases)
      .orderBy('active_at')
      .orderBy('kid'),
  );
  const selectEnvelopes = query(sql, 'keys.selectEnvelopes', () =>
    sql.db
      .selectFrom('envelopes')
      .select(envelopeColumns.aliases)
      .orderBy('created_at')
      .orderBy('id'),
  );
  const removeKey = query(sql, 'keys.removeKey', (p: { kid: string }) =>
    sql.db.deleteFrom('signing_keys').where('kid', '=', p.kid),
  );
  const insertKey = query(sql, 'keys.insertKey', (p: NewRow<'signing_keys'>) =>
    sql.db.insertInto('signing_keys').values(pick(p, keyColumns.names)),
  );
  const removeEnvelope = query(sql, 'keys.removeEnvelope', (p: { id: string }) =>
    sql.db.deleteFrom('envelopes').where('id', '=', p.id),
  );
  const insertEnvelope = query(sql, 'keys.insertEnvelope', (p: NewRow<'envelopes'>) =>
    sql.db.insertInto('envelopes').values(pick(p, envelopeColumns.names)),
  );

  return {
    *readKeys() {
      // The version is read first, so that a change in between is noticed later. The envelopes are read last, so that
      // there is an envelope for every key that was read.
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
        yield* insertKey(keyColumns.toRow(key));
      }
      for (const id of removedEnvelopes) yield* removeEnvelope({ id });
      for (const envelope of envelopes) {
        yield* removeEnvelope({ id: envelope.id });
        yield* insertEnvelope(envelopeColumns.toRow(envelope));
      }
      if (rest.endsOneTimeSecrets) yield* removeSecrets({});
      yield* reseal(rest.resealed ?? []);
      const revocations: Revocation[] = [];
      for (const entry of entries) revocations.push(yield* revoke(entry));
      if (event !== undefined) yield* record(event);
      return { status: 'changed', revocations };
    },
  };
}
