import { type NewRow, TABLES } from '../../schema.ts';
import { pick, query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import type { Verbs } from '../verb.ts';
import { sealedVerbs } from './sealed.ts';

const authenticators = TABLES.authenticators.columns;
const recoveryCodes = TABLES.recovery_codes.columns;

type SecondFactorVerbs = Pick<
  Verbs,
  | 'findFactors'
  | 'addAuthenticator'
  | 'confirmAuthenticator'
  | 'removeAuthenticator'
  | 'replaceRecoveryCodes'
  | 'tryChallenge'
  | 'listSealed'
>;

/** Each verb that changes the factors of a user locks the user first, as the verbs that start a session do. */
export function secondFactorVerbs(sql: Sql): SecondFactorVerbs {
  const record = auditLog(sql);
  const lockUser = query(sql, 'factors.lockUser', (p: { id: string }) =>
    sql.forUpdate(sql.db.selectFrom('users').select('second_factor_at').where('id', '=', p.id)),
  );
  const selectAuthenticators = query(sql, 'factors.selectAuthenticators', (p: { userId: string }) =>
    sql.db
      .selectFrom('authenticators')
      .select(authenticators.aliases)
      .where('user_id', '=', p.userId)
      .orderBy('id'),
  );
  const selectCodes = query(sql, 'factors.selectCodes', (p: { userId: string }) =>
    sql.db.selectFrom('recovery_codes').selectAll().where('user_id', '=', p.userId),
  );
  const insertAuthenticator = query(
    sql,
    'factors.insertAuthenticator',
    (p: NewRow<'authenticators'>) =>
      sql.db.insertInto('authenticators').values(pick(p, authenticators.names)),
  );
  const removeUnconfirmed = query(sql, 'factors.removeUnconfirmed', (p: { userId: string }) =>
    sql.db
      .deleteFrom('authenticators')
      .where('user_id', '=', p.userId)
      .where('confirmed_at', 'is', null),
  );
  const confirm = query(
    sql,
    'factors.confirm',
    (p: { id: string; userId: string; createdAfter: number; step: number; now: number }) =>
      sql.db
        .updateTable('authenticators')
        .set({ confirmed_at: p.now, last_used_at: p.now, last_step: p.step })
        .where('id', '=', p.id)
        .where('user_id', '=', p.userId)
        .where('confirmed_at', 'is', null)
        .where('created_at', '>', p.createdAfter)
        .where('last_step', '<', p.step)
        .returning('id'),
  );
  const remove = query(sql, 'factors.remove', (p: { id: string; userId: string }) =>
    sql.db
      .deleteFrom('authenticators')
      .where('id', '=', p.id)
      .where('user_id', '=', p.userId)
      .returning('confirmed_at as confirmedAt'),
  );
  const insertCodes = query(sql, 'factors.insertCodes', (p: NewRow<'recovery_codes'>) =>
    sql.db.insertInto('recovery_codes').values(pick(p, recoveryCodes.names)),
  );
  const removeCodes = query(sql, 'factors.removeCodes', (p: { userId: string }) =>
    sql.db.deleteFrom('recovery_codes').where('user_id', '=', p.userId),
  );
  const markUser = query(sql, 'factors.markUser', (p: { id: string; at: number | null }) =>
    sql.db.updateTable('users').set({ second_factor_at: p.at }).where('id', '=', p.id),
  );
  const markSession = query(
    sql,
    'factors.markSession',
    (p: { id: string; userId: string; amr: string; now: number }) =>
      sql.db
        .updateTable('sessions')
        .set({ amr: p.amr, mfa_time: p.now })
        .where('id', '=', p.id)
        .where('user_id', '=', p.userId),
  );
  const countTry = query(
    sql,
    'factors.countTry',
    (p: {
      id: string;
      purpose: string;
      subject: string;
      mac: string;
      now: number;
      maxAttempts: number;
    }) =>
      sql.db
        .updateTable('one_time_secrets')
        .set((it) => ({ attempts: it('attempts', '+', 1) }))
        .where('id', '=', p.id)
        .where('purpose', '=', p.purpose)
        .where('subject', '=', p.subject)
        .where('mac', '=', p.mac)
        .where('used_at', 'is', null)
        .where('expires_at', '>', p.now)
        .where('attempts', '<', p.maxAttempts)
        .returning('id'),
  );

  return {
    ...sealedVerbs(sql),

    *findFactors({ userId }) {
      const found = yield* selectAuthenticators({ userId });
      const [codes] = yield* selectCodes({ userId });
      return {
        authenticators: found,
        recoveryCodes: codes === undefined ? null : recoveryCodes.fromRow(codes),
      };
    },

    *addAuthenticator({ authenticator, limit }) {
      const { userId } = authenticator;
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return { status: 'gone' };
      const found = yield* selectAuthenticators({ userId });
      if (found.filter((it) => it.confirmedAt !== null).length >= limit) return { status: 'full' };
      yield* removeUnconfirmed({ userId });
      yield* insertAuthenticator(authenticators.toRow(authenticator));
      return { status: 'added' };
    },

    *confirmAuthenticator({ userId, authenticatorId: id, session, event, ...args }) {
      const { step, createdAfter, now } = args;
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return { status: 'gone' };
      const confirmed = yield* confirm({ id, userId, createdAfter, step, now });
      if (confirmed.length === 0) return { status: 'gone' };
      if (user.second_factor_at === null) yield* markUser({ id: userId, at: now });
      const hasNewCodes = (yield* selectCodes({ userId })).length === 0;
      if (hasNewCodes) yield* insertCodes(recoveryCodes.toRow(args.recoveryCodes));
      if (session !== null) {
        yield* markSession({ id: session.id, userId, amr: session.amr.join(' '), now });
      }
      yield* record(event);
      return { status: 'confirmed', hasNewCodes };
    },

    *removeAuthenticator({ userId, authenticatorId: id, event }) {
      yield* lockUser({ id: userId });
      const [removed] = yield* remove({ id, userId });
      if (removed === undefined) return { found: false };
      if (removed.confirmedAt === null) return { found: true };
      const left = yield* selectAuthenticators({ userId });
      if (left.every((it) => it.confirmedAt === null)) {
        yield* removeCodes({ userId });
        yield* markUser({ id: userId, at: null });
      }
      yield* record(event);
      return { found: true };
    },

    *replaceRecoveryCodes({ recoveryCodes: codes, event }) {
      const { userId } = codes;
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined || user.second_factor_at === null) return { found: false };
      yield* removeCodes({ userId });
      yield* insertCodes(recoveryCodes.toRow(codes));
      yield* record(event);
      return { found: true };
    },

    *tryChallenge({ id, purpose, subject, mac, now, maxAttempts }) {
      const tried = yield* countTry({ id, purpose, subject, mac, now, maxAttempts });
      return { admitted: tried.length === 1 };
    },
  };
}
