import { isPastMaxAge, limitExpiry } from '../../../auth/sessions/session-lifetime.ts';
import { TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { placesLeaving } from '../limits.ts';
import { secretRemoval } from '../one-time-secrets.ts';
import { mailInsert, mailRemoval } from '../outbox.ts';
import { liveSessionLock } from '../row-locks.ts';
import { secretConsumption } from '../secret-consumption.ts';
import { lacksSecondFactor, sessionInsert } from '../sessions/open-session.ts';
import { sessionRemoval } from '../sessions/session-removal.ts';
import type { Verbs } from '../verb.ts';
import { endOfAllSessions, epochRaise, NOT_FOUND, userRevocation } from './session-epoch.ts';

type PasswordVerbs = Pick<
  Verbs,
  'changePassword' | 'requirePasswordChange' | 'withdrawPassword' | 'replaceHash'
>;

export function passwordVerbs(sql: Sql): PasswordVerbs {
  const record = auditLog(sql);
  const consumeSecret = secretConsumption(sql);
  const { removeOpen: removeSecrets } = secretRemoval(sql);
  const { removeSecretsTo: removeMails } = mailRemoval(sql);
  const insertMail = mailInsert(sql);
  const insertSession = sessionInsert(sql);
  const leavePlaces = placesLeaving(sql);
  const raiseEpoch = epochRaise(sql);
  const endAll = endOfAllSessions(sql);
  const { removeBefore } = sessionRemoval(sql);
  const revokeUser = userRevocation(sql);

  const selectHash = query(sql, 'account.selectHash', (p: { id: string }) =>
    sql.forUpdate(
      sql.db
        .selectFrom('users')
        .select([
          'password_hash as hash',
          'session_epoch as epoch',
          'disabled_at as disabledAt',
          'second_factor_at',
          'email_key as emailKey',
          'email_verified_at as emailVerifiedAt',
        ])
        .where('id', '=', p.id),
    ),
  );
  const replaceHash = query(
    sql,
    'account.replaceHash',
    (p: { id: string; hash: string; expiresAt: number | null }) =>
      sql.db
        .updateTable('users')
        .set((it) => ({
          password_hash: p.hash,
          password_expires_at: p.expiresAt,
          credential_version: it('credential_version', '+', 1),
        }))
        .where('id', '=', p.id),
  );
  const replaceVerified = query(
    sql,
    'account.replaceVerified',
    (p: { userId: string; verifiedHash: string; rehash: string }) =>
      sql.db
        .updateTable('users')
        .set({ password_hash: p.rehash })
        .where('id', '=', p.userId)
        .where('password_hash', '=', p.verifiedHash),
  );
  const removeHash = query(sql, 'account.removeHash', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set({ password_hash: null, updated_at: p.now })
      .where('id', '=', p.id),
  );
  const verifyEmail = query(sql, 'account.verifyEmail', (p: { id: string; at: number }) =>
    sql.db.updateTable('users').set({ email_verified_at: p.at }).where('id', '=', p.id),
  );
  const clearProfile = query(sql, 'account.clearProfile', (p: { id: string; profile: string }) =>
    sql.db
      .updateTable('users')
      .set({ name: null, profile: p.profile, second_factor_at: null })
      .where('id', '=', p.id),
  );
  const removeAuthenticators = query(sql, 'account.removeAuthenticators', (p: { id: string }) =>
    sql.db.deleteFrom('authenticators').where('user_id', '=', p.id),
  );
  const removeRecoveryCodes = query(sql, 'account.removeRecoveryCodes', (p: { id: string }) =>
    sql.db.deleteFrom('recovery_codes').where('user_id', '=', p.id),
  );
  const requireChange = query(
    sql,
    'account.requireChange',
    (p: { id: string; at: number | null }) =>
      sql.db.updateTable('users').set({ password_change_required_at: p.at }).where('id', '=', p.id),
  );
  const lockSession = liveSessionLock(sql);
  const keepSession = query(
    sql,
    'account.keepSession',
    (p: { id: string; epoch: number; generation: number; now: number; expiresAt: number }) =>
      sql.db
        .updateTable('sessions')
        .set({
          epoch: p.epoch,
          generation: p.generation,
          first_generation: p.generation,
          parent_generation: null,
          rotated_at: p.now,
          expires_at: p.expiresAt,
        })
        .where('id', '=', p.id)
        .returningAll(),
  );

  return {
    *changePassword(args) {
      const { userId, verifiedHash, newHash, keep, consume, start, places, now } = args;
      const { expiresAt = null, issuedUntil, event } = args;
      const { proven } = args;
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || (verifiedHash !== null && user.hash !== verifiedHash)) {
        return NOT_FOUND;
      }
      if (start !== undefined && user.disabledAt !== null) return NOT_FOUND;
      if (start !== undefined && lacksSecondFactor(start.session, user)) return NOT_FOUND;
      if (proven !== undefined) {
        // The address may have become that of another user since the mail was sent.
        if (user.emailKey !== proven.emailKey || user.disabledAt !== null) return NOT_FOUND;
      }
      const found =
        keep && (yield* lockSession({ id: keep.sessionId, userId, epoch: user.epoch, now }));
      const [current] = found ?? [];
      if (keep !== null) {
        if (current === undefined) return NOT_FOUND;
        const { created_at: createdAt } = current;
        if (isPastMaxAge({ createdAt }, { now, maxAgeMs: keep.maxAgeMs })) return NOT_FOUND;
      }
      // After the user and the session are locked, and before anything is written.
      if (consume !== undefined && !(yield* consumeSecret(consume))) return NOT_FOUND;
      yield* removeSecrets({ subject: userId });
      // A mail that waits would get a new link when it is sent.
      if (user.emailKey !== null) yield* removeMails({ recipient: user.emailKey });
      yield* replaceHash({ id: userId, hash: newHash, expiresAt });
      if (proven !== undefined && user.emailVerifiedAt === null) {
        yield* verifyEmail({ id: userId, at: now });
        // The attack: a stranger registers with the address of another person, who later takes the account over.
        yield* clearProfile({ id: userId, profile: '{}' });
        yield* removeAuthenticators({ id: userId });
        yield* removeRecoveryCodes({ id: userId });
      }
      // A change by an operator does not fulfil what the user was required to do.
      const isByUser = verifiedHash !== null || consume !== undefined;
      if (isByUser) yield* requireChange({ id: userId, at: null });
      if (expiresAt !== null) yield* requireChange({ id: userId, at: now });
      const [raised] = yield* raiseEpoch({ id: userId, now });
      if (raised === undefined) return NOT_FOUND;
      // The session that stays moves to the new epoch first. All that are left in earlier epochs have ended.
      const [kept] =
        keep === null || current === undefined
          ? []
          : yield* keepSession({
              id: keep.sessionId,
              epoch: raised.session_epoch,
              generation: current.generation + 1,
              now,
              expiresAt: limitExpiry(current.created_at, keep),
            });
      yield* removeBefore(userId, raised.session_epoch);
      yield* record(event);
      if (proven !== undefined) yield* insertMail(proven.notice);
      if (start !== undefined) {
        yield* insertSession(start.session, raised.session_epoch);
        yield* record(start.event);
      }
      if (places !== undefined) yield* leavePlaces(places);
      const entry = yield* revokeUser(userId, raised.token_version, issuedUntil);
      const revocations = [entry];
      if (start !== undefined)
        return { found: true, revocations, user: TABLES.users.columns.fromRow(raised) };
      if (kept === undefined) return { found: true, revocations };
      const answer = {
        session: TABLES.sessions.columns.fromRow(kept),
        user: TABLES.users.columns.fromRow(raised),
      };
      return { found: true, revocations, kept: answer };
    },

    *withdrawPassword({ userId, now, event }) {
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || user.hash === null) return { found: false };
      yield* removeSecrets({ subject: userId });
      yield* removeHash({ id: userId, now });
      yield* record(event);
      return { found: true };
    },

    *replaceHash({ userId, verifiedHash, rehash }) {
      yield* replaceVerified({ userId, verifiedHash, rehash });
    },

    *requirePasswordChange({ userId, now, issuedUntil, event }) {
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || user.hash === null) return NOT_FOUND;
      const raised = yield* endAll(userId, now);
      if (raised === undefined) return NOT_FOUND;
      yield* requireChange({ id: userId, at: now });
      yield* record(event);
      const entry = yield* revokeUser(userId, raised.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },
  };
}
