import { NO_VERSION_ACCEPTED } from '../../../revocation/revocation.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import { auditLog } from '../audit.ts';
import { erasureOfUser } from '../audit-chain/erasure.ts';
import { bucketRemoval } from '../limits.ts';
import { secretRemoval } from '../one-time-secrets.ts';
import { mailRemoval } from '../outbox.ts';
import { sessionRemoval } from '../sessions/session-removal.ts';
import type { Verbs } from '../verb.ts';
import { endOfAllSessions, epochRaise, NOT_FOUND, userRevocation } from './session-epoch.ts';

/** Sessions that one step of deleting a user removes. */
const SESSIONS_PER_STEP = 200;

type AccountVerbs = Pick<Verbs, 'endAllSessions' | 'setRoles' | 'setDisabled' | 'deleteUser'>;

/** The verbs that change a user, and with it which of its tokens are accepted. */
export function accountVerbs(sql: Sql): AccountVerbs {
  const record = auditLog(sql);
  const eraseEvents = erasureOfUser(sql);
  const { removeAll: removeSecrets } = secretRemoval(sql);
  const { removeTo: removeMails } = mailRemoval(sql);
  const { removeSome: removeSessions } = sessionRemoval(sql);
  const removeBuckets = bucketRemoval(sql);
  const raiseEpoch = epochRaise(sql);
  const endAll = endOfAllSessions(sql);
  const revokeUser = userRevocation(sql);

  const raiseVersion = query(sql, 'account.raiseVersion', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({ token_version: it('token_version', '+', 1), updated_at: p.now }))
      .where('id', '=', p.id)
      .returning(['token_version as version', 'roles']),
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
        .select(['session_epoch as epoch', 'disabled_at as disabledAt', 'email_key as emailKey'])
        .where('id', '=', p.id),
    ),
  );
  const removeUser = query(sql, 'account.removeUser', (p: { id: string }) =>
    sql.db.deleteFrom('users').where('id', '=', p.id),
  );

  return {
    *endAllSessions({ userId, now, issuedUntil, event }) {
      const user = yield* endAll(userId, now);
      if (user === undefined) return NOT_FOUND;
      yield* record(event);
      const entry = yield* revokeUser(userId, user.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *setRoles({ userId, roles, now, issuedUntil, event }) {
      const [raised] = yield* raiseVersion({ id: userId, now });
      if (raised === undefined) return NOT_FOUND;
      yield* replaceRoles({ id: userId, roles: JSON.stringify(roles) });
      const changes = { roles: { from: JSON.parse(raised.roles), to: roles } };
      yield* record({ ...event, changes });
      const entry = yield* revokeUser(userId, raised.version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *setDisabled({ userId, disabled, now, issuedUntil, event }) {
      if (!disabled) {
        const [enabled] = yield* enable({ id: userId, now });
        if (enabled === undefined) return NOT_FOUND;
        yield* record(event);
        return { found: true, revocations: [] };
      }
      const user = yield* endAll(userId, now);
      if (user === undefined) return NOT_FOUND;
      yield* disable({ id: userId, now });
      yield* record(event);
      const entry = yield* revokeUser(userId, user.token_version, issuedUntil);
      return { found: true, revocations: [entry] };
    },

    *deleteUser({ userId, buckets = [], now, issuedUntil, event }) {
      const [user] = yield* lockUser({ id: userId });
      if (user === undefined) return NOT_FOUND;
      const everyEpoch = user.epoch + 1;
      const removed = yield* removeSessions({
        userId,
        before: everyEpoch,
        limit: SESSIONS_PER_STEP,
      });
      if (removed.length === SESSIONS_PER_STEP) {
        // All sessions of a disabled user have ended, and none can start.
        if (user.disabledAt !== null) return { found: true, revocations: [], isPartial: true };
        const [raised] = yield* raiseEpoch({ id: userId, now });
        if (raised === undefined) return NOT_FOUND;
        yield* disable({ id: userId, now });
        const entry = yield* revokeUser(userId, raised.token_version, issuedUntil);
        return { found: true, revocations: [entry], isPartial: true };
      }
      yield* removeUser({ id: userId });
      yield* removeSecrets({ subject: userId });
      yield* removeBuckets(buckets);
      if (user.emailKey !== null) yield* removeMails({ recipient: user.emailKey });
      yield* record(event);
      // After the user was removed: the node that seals erases what is committed from now on.
      yield* eraseEvents(userId, now);
      const entry = yield* revokeUser(userId, NO_VERSION_ACCEPTED, issuedUntil);
      return { found: true, revocations: [entry] };
    },
  };
}
