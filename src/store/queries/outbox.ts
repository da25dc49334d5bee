import type { MailRecord } from '../../auth/ports/outbox.ts';
import { type NewRow, TABLES } from '../schema.ts';
import { pick, query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import type { Steps } from '../sql/steps.ts';
import { nodeState } from './node-state.ts';
import type { Verbs } from './verb.ts';

type OutboxVerbs = Pick<
  Verbs,
  'queueMail' | 'findDueMails' | 'claimMail' | 'finishMail' | 'listMails' | 'retryMails'
>;

const { columns } = TABLES.mails;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Puts a mail into the outbox in the transaction of what it announces. */
export function mailInsert(sql: Sql): (mail: MailRecord) => Steps<void> {
  const insert = query(sql, 'mails.insert', (p: NewRow<'mails'>) =>
    sql.db.insertInto('mails').values(pick(p, columns.names)),
  );
  return function* (mail) {
    yield* insert(columns.toRow(mail));
  };
}

/** Statements that remove mails. */
export function mailRemoval(sql: Sql) {
  return {
    /** Those to an address that were not sent yet. A mail that was sent has no recipient. */
    removeTo: query(sql, 'mails.removeTo', (p: { recipient: string }) =>
      sql.db.deleteFrom('mails').where('recipient', '=', p.recipient),
    ),
    /** Those among them that have a link or a code. */
    removeSecretsTo: query(sql, 'mails.removeSecretsTo', (p: { recipient: string }) =>
      sql.db
        .deleteFrom('mails')
        .where('recipient', '=', p.recipient)
        .where('secret_id', 'is not', null),
    ),
    removeOld: query(sql, 'mails.removeOld', (p: { now: number; limit: number }) =>
      sql.db
        .deleteFrom('mails')
        .where('id', 'in', (it) =>
          sql.skipLocked(
            it
              .selectFrom('mails')
              .select('id')
              .where('keep_until', 'is not', null)
              .where('keep_until', '<=', p.now)
              .limit(p.limit),
          ),
        )
        .returning('id'),
    ),
  };
}

export function outboxVerbs(sql: Sql): OutboxVerbs {
  const insert = mailInsert(sql);
  const { lock: lockState } = nodeState(sql);
  const selectOfBucket = query(
    sql,
    'mails.selectOfBucket',
    (p: { bucket: string; since: number; limit: number }) =>
      sql.db
        .selectFrom('mails')
        .select('created_at')
        .where('bucket', '=', p.bucket)
        .where('created_at', '>', p.since)
        .orderBy('created_at', 'desc')
        .limit(p.limit),
  );
  const selectOfAsker = query(
    sql,
    'mails.selectOfAsker',
    (p: { asker: string; since: number; limit: number }) =>
      sql.db
        .selectFrom('mails')
        .select('created_at')
        .where('asker', '=', p.asker)
        .where('created_at', '>', p.since)
        .limit(p.limit),
  );
  const selectDue = query(sql, 'mails.selectDue', (p: { now: number; limit: number }) =>
    sql.db
      .selectFrom('mails')
      .select(columns.aliases)
      .where('next_attempt_at', 'is not', null)
      .where('next_attempt_at', '<=', p.now)
      .orderBy('next_attempt_at')
      .limit(p.limit),
  );
  const countAttempt = query(
    sql,
    'mails.countAttempt',
    (p: { id: string; now: number; nextAttemptAt: number }) =>
      sql.db
        .updateTable('mails')
        .set((it) => ({ attempts: it('attempts', '+', 1), next_attempt_at: p.nextAttemptAt }))
        .where('id', '=', p.id)
        .where('next_attempt_at', '<=', p.now)
        .returning(columns.aliases),
  );
  const finish = query(
    sql,
    'mails.finish',
    (p: { id: string; attempts: number; keepUntil: number }) =>
      sql.db
        .updateTable('mails')
        .set({
          recipient: null,
          data: null,
          next_attempt_at: null,
          problem: null,
          keep_until: p.keepUntil,
        })
        .where('id', '=', p.id)
        .where('attempts', '=', p.attempts),
  );
  const fail = query(
    sql,
    'mails.fail',
    (p: {
      id: string;
      attempts: number;
      problem: string;
      nextAttemptAt: number | null;
      keepUntil: number | null;
    }) =>
      sql.db
        .updateTable('mails')
        .set({ problem: p.problem, next_attempt_at: p.nextAttemptAt, keep_until: p.keepUntil })
        .where('id', '=', p.id)
        .where('attempts', '=', p.attempts),
  );
  const selectPage = query(sql, 'mails.selectPage', (p: { after: string; limit: number }) =>
    sql.db
      .selectFrom('mails')
      .select(columns.aliases)
      .where('recipient', 'is not', null)
      .where('id', '>', p.after)
      .orderBy('id')
      .limit(p.limit),
  );
  const retry = query(sql, 'mails.retry', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('mails')
      .set({ attempts: 0, next_attempt_at: p.now, keep_until: null })
      .where('id', '=', p.id)
      .where('recipient', 'is not', null)
      .where('problem', 'is not', null)
      .returning('id'),
  );
  const retryAll = query(sql, 'mails.retryAll', (p: { now: number }) =>
    sql.db
      .updateTable('mails')
      .set({ attempts: 0, next_attempt_at: p.now, keep_until: null })
      .where('recipient', 'is not', null)
      .where('problem', 'is not', null)
      .returning('id'),
  );

  return {
    *queueMail({ mail, limits }) {
      const { bucket, asker, createdAt: now } = mail;
      // Without the locks, two transactions at the same time would not count each other's mail.
      if (bucket !== null) {
        yield* sql.lockName(`mails ${bucket}`);
        const recent = yield* selectOfBucket({
          bucket,
          since: now - DAY_MS,
          limit: limits.perDay,
        });
        const latest = recent[0]?.created_at;
        const isTooSoon = latest !== undefined && latest > now - limits.intervalMs;
        if (isTooSoon || recent.length >= limits.perDay) return { status: 'limited' };
      }
      if (asker !== null) {
        yield* sql.lockName(`mails asked by ${asker}`);
        const limit = limits.perAskerAndHour;
        const asked = yield* selectOfAsker({ asker, since: now - HOUR_MS, limit });
        if (asked.length >= limit) return { status: 'limited' };
      }
      yield* insert(mail);
      return { status: 'queued' };
    },

    *findDueMails({ now, limit }) {
      return yield* selectDue({ now, limit });
    },

    *claimMail({ fence, id, now, nextAttemptAt }) {
      // A node that was suspended goes on after another has taken its place.
      if ((yield* lockState(fence.name)) !== fence.value) return undefined;
      const [mail] = yield* countAttempt({ id, now, nextAttemptAt });
      return mail;
    },

    *finishMail({ id, attempts, outcome }) {
      if (outcome.kind === 'done') {
        yield* finish({ id, attempts, keepUntil: outcome.keepUntil });
        return;
      }
      const isOver = outcome.kind === 'given up';
      yield* fail({
        id,
        attempts,
        problem: outcome.problem,
        nextAttemptAt: isOver ? null : outcome.nextAttemptAt,
        keepUntil: isOver ? outcome.keepUntil : null,
      });
    },

    *listMails({ after, limit }) {
      return yield* selectPage({ after: after ?? '', limit });
    },

    *retryMails({ ids, now }) {
      if (ids === null) return { count: (yield* retryAll({ now })).length };
      let count = 0;
      for (const id of ids) count += (yield* retry({ id, now })).length;
      return { count };
    },
  };
}
