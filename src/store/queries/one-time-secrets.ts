import { PURPOSES_THAT_OUTLIVE_PASSWORD } from '../../auth/credentials/secret-purposes.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { answerConsumption } from './second-factors/use-factor.ts';
import { secretConsumption } from './secret-consumption.ts';
import type { Verbs } from './verb.ts';

type OneTimeSecretVerbs = Pick<
  Verbs,
  'createOneTimeSecret' | 'findOneTimeSecret' | 'tryOneTimeCode' | 'consumeOneTimeSecret'
>;

const { columns } = TABLES.one_time_secrets;

/** Statements that end the secrets of a subject, and one that removes expired secrets. */
export function secretRemoval(sql: Sql) {
  // Every transaction that locks several secrets of a subject locks them in this order, so no two wait for each other.
  const ofSubject = (p: { subject: string }) =>
    sql.forUpdate(
      sql.db.selectFrom('one_time_secrets').where('subject', '=', p.subject).orderBy('id'),
    );
  return {
    removeEvery: query(sql, 'secrets.removeEvery', () => sql.db.deleteFrom('one_time_secrets')),
    removeAll: query(sql, 'secrets.removeAll', (p: { subject: string }) =>
      sql.db.deleteFrom('one_time_secrets').where('id', 'in', ofSubject(p).select('id')),
    ),
    /** Ends all secrets but those that a thief must not be able to end. */
    removeOpen: query(sql, 'secrets.removeOpen', (p: { subject: string }) =>
      sql.db
        .deleteFrom('one_time_secrets')
        .where(
          'id',
          'in',
          ofSubject(p).select('id').where('purpose', 'not in', PURPOSES_THAT_OUTLIVE_PASSWORD),
        ),
    ),
    removeExpired: query(sql, 'secrets.removeExpired', (p: { now: number; limit: number }) =>
      sql.db
        .deleteFrom('one_time_secrets')
        .where('id', 'in', (it) =>
          sql.skipLocked(
            it
              .selectFrom('one_time_secrets')
              .select('id')
              .where('expires_at', '<=', p.now)
              .limit(p.limit),
          ),
        )
        .returning('id'),
    ),
  };
}

export function oneTimeSecretVerbs(sql: Sql): OneTimeSecretVerbs {
  const consume = secretConsumption(sql);
  const consumeAnswer = answerConsumption(sql);
  const lockUser = query(sql, 'secrets.lockUser', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('users').select('id').where('id', '=', p.id)),
  );
  const insert = query(sql, 'secrets.insert', (p: NewRow<'one_time_secrets'>) =>
    sql.db.insertInto('one_time_secrets').values(pick(p, columns.names)),
  );
  const selectLiveIds = query(
    sql,
    'secrets.selectLiveIds',
    (p: { purpose: string; subject: string; now: number }) =>
      sql.forUpdate(
        sql.db
          .selectFrom('one_time_secrets')
          .select(['id', 'browser'])
          .where('subject', '=', p.subject)
          .where('purpose', '=', p.purpose)
          .where('used_at', 'is', null)
          .where('expires_at', '>', p.now)
          .orderBy('id'),
      ),
  );
  const remove = query(sql, 'secrets.remove', (p: { id: string }) =>
    sql.db.deleteFrom('one_time_secrets').where('id', '=', p.id),
  );
  const removeExact = query(
    sql,
    'secrets.removeExact',
    (p: { id: string; purpose: string; subject: string }) =>
      sql.db
        .deleteFrom('one_time_secrets')
        .where('id', '=', p.id)
        .where('purpose', '=', p.purpose)
        .where('subject', '=', p.subject),
  );
  const selectLive = query(
    sql,
    'secrets.selectLive',
    (p: { id: string; purpose: string; now: number }) =>
      sql.db
        .selectFrom('one_time_secrets')
        .select(columns.aliases)
        .where('id', '=', p.id)
        .where('purpose', '=', p.purpose)
        .where('used_at', 'is', null)
        .where('expires_at', '>', p.now),
  );
  const countAttempt = query(
    sql,
    'secrets.countAttempt',
    (p: {
      id: string;
      purpose: string;
      subject: string | null;
      maxAttempts: number;
      now: number;
    }) =>
      sql.db
        .updateTable('one_time_secrets')
        .set((it) => ({ attempts: it('attempts', '+', 1) }))
        .where('id', '=', p.id)
        .where('purpose', '=', p.purpose)
        .where('subject', '=', (it) => it.fn.coalesce(it.val(p.subject), 'subject'))
        .where('used_at', 'is', null)
        .where('expires_at', '>', p.now)
        .where('code_expires_at', '>', p.now)
        .where('attempts', '<', p.maxAttempts)
        .returning(columns.aliases),
  );

  return {
    *createOneTimeSecret({ secret, bound, answer, now }) {
      if (answer !== undefined) {
        yield* lockUser({ id: secret.subject });
        if (!(yield* consumeAnswer(secret.subject, answer))) return { status: 'refused' };
      }
      if (bound !== null) {
        const { purpose, subject, browser } = secret;
        // Without the lock, two transactions at the same time would not count each other's secret.
        yield* sql.lockName(`one-time secrets ${purpose} ${subject}`);
        const live = yield* selectLiveIds({ purpose, subject, now });
        const isReplaced = (it: (typeof live)[number]) =>
          it.id === bound.replaces || (browser !== null && it.browser === browser);
        const staying = live.filter((it) => !isReplaced(it));
        const surplus = Math.max(0, staying.length - bound.limit + 1);
        if (surplus > 0 && !bound.endsOldest) return { status: 'full' };
        const ended = [...live.filter(isReplaced), ...staying.slice(0, surplus)];
        for (const { id } of ended) yield* remove({ id });
        // One that takes the place of itself may have expired.
        if (secret.id === bound.replaces) yield* removeExact({ id: secret.id, purpose, subject });
      }
      yield* insert(columns.toRow(secret));
      return { status: 'created' };
    },

    *findOneTimeSecret({ id, purpose, now }) {
      const [record] = yield* selectLive({ id, purpose, now });
      return record;
    },

    *tryOneTimeCode({ id, purpose, subject, maxAttempts, now }) {
      const [record] = yield* countAttempt({ id, purpose, subject, maxAttempts, now });
      return record;
    },

    *consumeOneTimeSecret(use) {
      return { found: yield* consume(use) };
    },
  };
}
