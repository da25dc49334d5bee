import { NO_VERSION_ACCEPTED, type Revocation } from '../../revocation/revocation.ts';
import { query } from '../sql/query.ts';
import type { Sql } from '../sql/sql.ts';
import { auditLog } from './audit.ts';
import { revocationLog } from './revocations.ts';
import type { Verbs } from './verb.ts';

type AccountVerbs = Pick<
  Verbs,
  'endAllSessions' | 'changePassword' | 'setRoles' | 'setDisabled' | 'deleteUser'
>;

/** The verbs that change a user, and with it what its tokens are worth. */
export function accountVerbs(sql: Sql): AccountVerbs {
  const revoke = revocationLog(sql);
  const record = auditLog(sql);
  const missing = { found: false, revocations: [] };

  const raiseVersion = query(sql, 'account.raiseVersion', (p: { id: string; now: number }) =>
    sql.db
      .updateTable('users')
      .set((it) => ({ token_version: it('token_version', '+', 1), updated_at: p.now }))
      .where('id', '=', p.id)
      .returning('token_version as version'),
  );
  const selectHash = query(sql, 'account.selectHash', (p: { id: string }) =>
    sql.forUpdate(
      sql.db.selectFrom('users').select('password_hash as hash').where('id', '=', p.id),
    ),
  );
  const replaceHash = query(
    sql,
    'account.replaceHash',
    (p: { id: string; hash: string; now: number }) =>
      sql.db
        .updateTable('users')
        .set({ password_hash: p.hash, updated_at: p.now })
        .where('id', '=', p.id),
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
  const removeUser = query(sql, 'account.removeUser', (p: { id: string }) =>
    sql.db.deleteFrom('users').where('id', '=', p.id).returning('id'),
  );
  const removeSessions = query(sql, 'account.removeSessions', (p: { userId: string }) =>
    sql.db.deleteFrom('sessions').where('user_id', '=', p.userId),
  );
  const removeOtherSessions = query(
    sql,
    'account.removeOtherSessions',
    (p: { userId: string; keep: string }) =>
      sql.db
        .deleteFrom('sessions')
        .where('user_id', '=', p.userId)
        .where('id', '!=', p.keep)
        .returning('id'),
  );

  const revokeUser = (userId: string, version: number, revokeUntil: number) =>
    revoke({ kind: 'user', subject: userId, version, expiresAt: revokeUntil });

  return {
    *endAllSessions({ userId, now, revokeUntil, event }) {
      const [raised] = yield* raiseVersion({ id: userId, now });
      if (raised === undefined) return missing;
      yield* removeSessions({ userId });
      const entry = yield* revokeUser(userId, raised.version, revokeUntil);
      yield* record(event);
      return { found: true, revocations: [entry] };
    },

    *changePassword({ userId, verifiedHash, newHash, keepSessionId, now, revokeUntil, event }) {
      const [user] = yield* selectHash({ id: userId });
      if (user === undefined || (verifiedHash !== null && user.hash !== verifiedHash)) {
        return missing;
      }
      yield* replaceHash({ id: userId, hash: newHash, now });
      const revocations: Revocation[] = [];
      if (keepSessionId === null) {
        const [raised] = yield* raiseVersion({ id: userId, now });
        if (raised === undefined) return missing;
        yield* removeSessions({ userId });
        revocations.push(yield* revokeUser(userId, raised.version, revokeUntil));
      } else {
        const ended = yield* removeOtherSessions({ userId, keep: keepSessionId });
        for (const { id } of ended) {
          const entry = {
            kind: 'session',
            subject: id,
            version: 0,
            expiresAt: revokeUntil,
          } as const;
          revocations.push(yield* revoke(entry));
        }
      }
      yield* record(event);
      return { found: true, revocations };
    },

    *setRoles({ userId, roles, now, revokeUntil, event }) {
      const [raised] = yield* raiseVersion({ id: userId, now });
      if (raised === undefined) return missing;
      yield* replaceRoles({ id: userId, roles: JSON.stringify(roles) });
      const entry = yield* revokeUser(userId, raised.version, revokeUntil);
      yield* record(event);
      return { found: true, revocations: [entry] };
    },

    *setDisabled({ userId, disabled, now, revokeUntil, event }) {
      if (!disabled) {
        const [enabled] = yield* enable({ id: userId, now });
        if (enabled === undefined) return missing;
        yield* record(event);
        return { found: true, revocations: [] };
      }
      const [raised] = yield* raiseVersion({ id: userId, now });
      if (raised === undefined) return missing;
      yield* disable({ id: userId, now });
      yield* removeSessions({ userId });
      const entry = yield* revokeUser(userId, raised.version, revokeUntil);
      yield* record(event);
      return { found: true, revocations: [entry] };
    },

    *deleteUser({ userId, revokeUntil, event }) {
      const [removed] = yield* removeUser({ id: userId });
      if (removed === undefined) return missing;
      const entry = yield* revokeUser(userId, NO_VERSION_ACCEPTED, revokeUntil);
      yield* record(event);
      return { found: true, revocations: [entry] };
    },
  };
}
