import { isPastMaxAge, limitExpiry } from '../../../auth/sessions/session-lifetime.ts';
import { NO_VERSION_ACCEPTED } from '../../../revocation/revocation.ts';
import { type Row, TABLES } from '../../schema.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import { auditLog } from '../audit.ts';
import { secretConsumption, secretRemoval } from '../one-time-secrets.ts';
import { revocationLog } from '../revocations.ts';
import { sessionRemoval } from '../sessions/session-cleanup.ts';
import { sessionInsert } from '../sessions/sessions.ts';
import type { Verbs } from '../verb.ts';

/** Sessions that one step of deleting a user removes. */
const ROWS_TO_DELETE = 200;

type AccountVerbs = Pick<
  Verbs,
  | 'endAllSessions'
  | 'changePassword'
  | 'requirePasswordChange'
  | 'setRoles'
  | 'setDisabled'
  | 'deleteUser'
>;

/** The verbs that change a user, and with it what its tokens are worth. */
export function accountVerbs(sql: Sql): AccountVerbs {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const removal = sessionRemoval(sql);
  const consumeSecret = secretConsumption(sql);
  const secrets = secretRemoval(sql);
  const insertSession = sessionInsert(sql);
  const missing = { found: false, revocations: [] };

  const raiseVersion = query(sql, 'account.raiseVersion', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({ token_version: it('token_version', '+', 1), updated_at: p.now }))
      .where('id', '=', p.id)
      .returning(['token_version as version', 'roles']),
  );
  const selectHash = query(sql, 'account.selectHash', (p: { id: string }) =>
    sql.forUpdate(
      sql.db
        .selectFrom('users')
        .select(['password_hash as hash', 'session_epoch as epoch', 'disabled_at as disabledAt'])
        .where('id', '=', p.id),
    ),
  );
  const replaceHash = query(sql, 'account.replaceHash', (p: { id: string; hash: string }) =>
    sql.db.updateTable('users').set({ password_hash: p.hash }).where('id', '=', p.id),
  );
  const requireChange = query(
    sql,
    'account.requireChange',
    (p: { id: string; at: number | null }) =>
      sql.db.updateTable('users').set({ password_change_required_at: p.at }).where('id', '=', p.id),
  );
  const replaceRoles = query(sql, 'account.replaceRoles', (p: { id: string; roles: string }) =>
    sql.db.updateTable('users').set({ roles: p.roles }).where('id', '=', p.id),
  );
  const disable = query(sql, 'account.disable', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({ disabled_at: it.fn.coalesce('disabled_at', it.val(p.now)) }))
      .where('id', '=', p.id),
  );
  const enable = query(sql, 'account.enable', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set({ disabled_at: null, updated_at: p.now })
      .where('id', '=', p.id)
      .returning('id'),
  );
  const lockUser = query(sql, 'account.lockUser', (p: { id: string }) =>
    sql.forUpdate(
      sql.db
        .selectFrom('users')
        .select(['session_epoch as epoch', 'disabled_at as disabledAt'])
        .where('id', '=', p.id),
    ),
  );
  const removeUser = query(sql, 'account.removeUser', (p: { id: string }) =>
    sql.db.deleteFrom('users').where('id', '=', p.id),
  );
  /** Ends every session and access token of the user in one row, however many there are. */
  const raiseEpoch = query(sql, 'account.raiseEpoch', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({
        token_version: it('token_version', '+', 1),
        session_epoch: it('session_epoch', '+', 1),
        updated_at: p.now,
      }))
      .where('id', '=', p.id)
      .returningAll(),
  );
  const findKept = query(
    sql,
    'account.findKept',
    (p: { id: string; userId: string; epoch: number; now: number }) =>
      sql.forUpdate(
        sql.db
          .selectFrom('sessions')
          .selectAll()
          .where('id', '=', p.id)
          .where('user_id', '=', p.userId)
          .where('epoch', '=', p.epoch)
          .where('expires_at', '>', p.now),
      ),
  );
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

  const revokeUser = (userId: string, version: number, issuedUntil: number) =>
    revoke({ kind: 'user', subject: userId, version, issuedUntil });

  function* endAll(userId: string, now: number): Steps<Row<'users'> | undefined> {
    const [user] = yield* raiseEpoch({ id: userId, now });
    if (user !== undefined) yield* removal.removeBefore(userId, user.session_epoch);
    return user;
  }

  return {
    *endAllSessions({ userId, now, issuedUntil, event }) {
      const user = yield* endAll(userId, now);
      if (user === undefined) return missing;
      yield* record(event);
      const entry = yield* revokeUser(userId, user.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *changePassword(args) {
      const { userId, verifiedHash, newHash, keep, consume, start, now, issuedUntil, event } = args;
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || (verifiedHash !== null && user.hash !== verifiedHash)) {
        return missing;
      }
      if (start !== undefined && user.disabledAt !== null) return missing;
      const found =
        keep && (yield* findKept({ id: keep.sessionId, userId, epoch: user.epoch, now }));
      const [current] = found ?? [];
      if (keep !== null) {
        if (current === undefined) return missing;
        const { created_at: createdAt } = current;
        if (isPastMaxAge({ createdAt }, { now, maxAgeMs: keep.maxAgeMs })) return missing;
      }
      // Before anything is written, and after the user and the session are locked.
      if (consume !== undefined && !(yield* consumeSecret(consume))) return missing;
      yield* secrets.removeOpen({ subject: userId });
      yield* replaceHash({ id: userId, hash: newHash });
      // An operator's change is not the one that the user was asked for.
      const isByUser = verifiedHash !== null || consume !== undefined;
      if (isByUser) yield* requireChange({ id: userId, at: null });
      const [raised] = yield* raiseEpoch({ id: userId, now });
      if (raised === undefined) return missing;
      // First the one that stays is moved to the new epoch; what is left behind has ended.
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
      yield* removal.removeBefore(userId, raised.session_epoch);
      yield* record(event);
      if (start !== undefined) {
        yield* insertSession(start.session, raised.session_epoch);
        yield* record(start.event);
      }
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

    *requirePasswordChange({ userId, now, issuedUntil, event }) {
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || user.hash === null) return missing;
      const raised = yield* endAll(userId, now);
      if (raised === undefined) return missing;
      yield* requireChange({ id: userId, at: now });
      yield* record(event);
      const entry = yield* revokeUser(userId, raised.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *setRoles({ userId, roles, now, issuedUntil, event }) {
      const [raised] = yield* raiseVersion({ id: userId, now });
      if (raised === undefined) return missing;
      yield* replaceRoles({ id: userId, roles: JSON.stringify(roles) });
      const changes = { roles: { from: JSON.parse(raised.roles), to: roles } };
      yield* record({ ...event, changes });
      const entry = yield* revokeUser(userId, raised.version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *setDisabled({ userId, disabled, now, issuedUntil, event }) {
      if (!disabled) {
        const [enabled] = yield* enable({ id: userId, now });
        if (enabled === undefined) return missing;
        yield* record(event);
        return { found: true, revocations: [] };
      }
      const user = yield* endAll(userId, now);
      if (user === undefined) return missing;
      yield* disable({ id: userId, now });
      yield* record(event);
      const entry = yield* revokeUser(userId, user.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *deleteUser({ userId, now, issuedUntil, event }) {
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return missing;
      const everyEpoch = user.epoch + 1;
      const removed = yield* removal.removeSome({
        userId,
        before: everyEpoch,
        limit: ROWS_TO_DELETE,
      });
      if (removed.length === ROWS_TO_DELETE) {
        // A user who is disabled already has no session that lives, and none can start.
        if (user.disabledAt !== null) return { found: true, revocations: [], isPartial: true };
        const [raised] = yield* raiseEpoch({ id: userId, now });
        if (raised === undefined) return missing;
        yield* disable({ id: userId, now });
        const entry = yield* revokeUser(userId, raised.token_version, issuedUntil);
        return { found: true, revocations: [entry], isPartial: true };
      }
      yield* removeUser({ id: userId });
      yield* secrets.removeAll({ subject: userId });
      yield* record(event);
      const entry = yield* revokeUser(userId, NO_VERSION_ACCEPTED, issuedUntil);
      return { found: true, revocations: [entry] };
    },
  };
}
